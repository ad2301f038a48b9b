/** An object of `@alicloud/mpserverless-sdk`, as far as it is used. */
export interface MPServerless {
  network: { forward(method: string, params?: any): Promise<any> };
}

/** `my`, `wx`, `tt`, `swan`, `dd` or another global of a mini program. */
export interface Runtime {
  getStorageSync(key: any): any;
  setStorageSync(key: any, data?: any): any;
}

export interface Options {
  /** What sends. Without it, visits are kept on the device only. */
  mpServerless: MPServerless;
  /** What the app's `onLaunch` was given. The channel of the first visit is read from it: `sdk_channel` of the query. */
  platformParam?: { query?: any; [name: string]: any };
}

/** Integrates the statistics; call it in `onLaunch`. It throws nothing: the console says what is wrong. */
export function init(appKey: string, runtime: Runtime, options: Options): void;
/** The same with the global of the runtime, as in WeChat. */
export function init(appKey: string, options: Options): void;

/** The mini program is in front; call it in `onShow`. */
export function resume(): void;

/** The mini program is in the background; call it in `onHide`. */
export function pause(): void;

declare const MPAnalyse: {
  init: typeof init;
  resume: typeof resume;
  pause: typeof pause;
};
export default MPAnalyse;
