'use strict';

const { fit } = require('./channel');
const log = require('./log');
const random = require('./random');

/**
 * What the mini program's storage holds for an app: the device with its first channel, which are made once, and the queue.
 *
 * While storage cannot be read it is not written either: the device may be known, and sessions may wait.
 */
class Store {
  constructor(storage, appKey, channel, queue) {
    this.storage = storage;
    this.deviceKey = `mpanalyse.${appKey}.device`;
    this.queueKey = `mpanalyse.${appKey}.queue`;
    this.channel = channel;
    this.queue = queue;
    /** `{ id, channel }`, once storage was read. */
    this.device = null;
    this.deviceKept = false;
    this.told = false;
  }

  /** Whether storage was read, now or before. */
  open() {
    if (this.device) return true;
    try {
      const device = parsed(this.storage.read(this.deviceKey));
      const queue = parsed(this.storage.read(this.queueKey));
      this.deviceKept = isId(device.id) && typeof device.channel === 'string';
      this.device = this.deviceKept ? { id: device.id, channel: fit(device.channel) } : { id: random.id(), channel: this.channel };
      this.queue.restore(queue);
      return true;
    } catch (error) {
      this.failed(error);
      return false;
    }
  }

  save() {
    if (!this.open()) return;
    try {
      if (!this.deviceKept) {
        this.storage.write(this.deviceKey, JSON.stringify(this.device));
        this.deviceKept = true;
      }
      this.storage.write(this.queueKey, JSON.stringify(this.queue));
    } catch (error) {
      this.failed(error);
    }
  }

  failed(error) {
    if (this.told) return;
    this.told = true;
    log.error(`The storage of the mini program fails, so statistics may get lost when it ends: ${error && error.message}`);
  }
}

function isId(value) {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value);
}

/** An object from what is kept; an empty one where that was damaged. */
function parsed(text) {
  try {
    return Object(JSON.parse(text));
  } catch (error) {
    return {};
  }
}

module.exports = Store;
