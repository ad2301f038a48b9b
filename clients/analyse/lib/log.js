'use strict';

/* The prefix is the manual's. */

exports.info = (text) => console.log(`[SDK] -- ${text}`);

exports.warn = (text) => console.warn(`[SDK] -- ${text}`);

exports.error = (text) => console.error(`[SDK] -- ${text}`);
