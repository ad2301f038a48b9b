/** Text; numbers are written out. */
export type Text = string | number;
/** An amount in yuan with at most two places, such as `"12.30"`. Text is exact, also where numbers are not. */
export type Amount = string | number;

/** How a call is made. The server heeds them from functions and servers only, not from mini programs. */
export interface Options {
  /** The merchant's authorization that a third party acts with. */
  appAuthToken?: string;
  notify?: {
    /** An address that the platform tells of what becomes of an order, instead of the server. */
    url?: string;
    /** A cloud function that is told, instead of the one that is bound. */
    function?: string;
  };
  /** `alipay`, `wechat` or another, where the space has apps on several. */
  platform?: string;
  /** The app, where the space has several on the platform. */
  appId?: string;
}

/** What every answer of a platform has. */
export interface Codes {
  /** `"10000"` when it was done. */
  code: string;
  msg: string;
  /** Why it was not done; empty when it was. */
  subCode: string;
  subMsg: string;
}

/** What a call resolves with: an envelope, and all fields of `result` beside it. */
export type Reply<R> = {
  requestId: string;
  /** Whether the platform did it: `subCode` is empty. */
  success: boolean;
  result: R & Codes & { [field: string]: any };
  /** Further fields of the platform, and the same in snake_case when the arguments were an object. */
  [field: string]: any;
} & R & Codes;

/** What a call is rejected with. */
export interface CloudError extends Error {
  /**
   * `SYS_INIT`, `FEATURE_NOT_SUPPORT`, `INVALID_JSON_OBJECT`, `NOT_FOUND_PARAM`, `INVALID_PARAM`, `OUTCOME_UNKNOWN`,
   * `AppNotFound`, `InvalidParameter.PermissionDenied`, or another code of the server or the SDK.
   */
  code: string;
}

/** An API. Further members of the object are passed on to the platform. */
export interface Api<P, A extends any[], R> {
  (params: P & { [name: string]: any }, options?: Options): Promise<Reply<R>>;
  (...args: A): Promise<Reply<R>>;
}

export interface Token {
  userId?: string;
  openId?: string;
  unionId?: string;
  accessToken: string;
  expiresIn: Text;
  refreshToken: string;
  reExpiresIn: Text;
}

export interface TemplateMessage {
  toUserId?: Text;
  toOpenId?: string;
  formId: Text;
  userTemplateId: Text;
  page: string;
  data: object | string;
}

export interface IdentityParam {
  /** `CERT_INFO` by default. */
  identityType?: string;
  /** `IDENTITY_CARD` by default. */
  certType?: string;
  certName?: string;
  certNo?: string;
  [name: string]: any;
}

export interface Order {
  subject: string;
  outTradeNo: Text;
  totalAmount: Amount;
}

export interface Created {
  outTradeNo: string;
  /** Alipay's number, for `my.tradePay({tradeNO})`. */
  tradeNo?: string;
  /** Of WeChat Pay, with the next four: what `wx.requestPayment` takes. */
  timeStamp?: string;
  nonceStr?: string;
  package?: string;
  signType?: string;
  paySign?: string;
}

export interface Trade {
  tradeNo?: string;
  outTradeNo?: string;
  tradeStatus?: string;
  totalAmount?: string;
  receiptAmount?: string;
  buyerPayAmount?: string;
  buyerLogonId?: string;
  buyerUserId?: string;
  buyerOpenId?: string;
  fundBillList?: any[];
}

export interface Payee {
  identity: string;
  /** `ALIPAY_USER_ID`, `ALIPAY_OPEN_ID` or `ALIPAY_LOGON_ID`; not needed for bank cards. `identity_type` is the same. */
  identityType?: string;
  /** Needed for `ALIPAY_LOGON_ID` and bank cards. */
  name?: string;
  [name: string]: any;
}

export interface Transfer {
  outBizNo: Text;
  transAmount: Amount;
  payee: Payee | string;
  orderTitle: string;
}

export interface Transferred {
  outBizNo?: string;
  orderId?: string;
  payFundOrderId?: string;
  /** `SUCCESS`, `DEALING`, `FAIL`, `REFUND` or another. */
  status?: string;
  transDate?: string;
}

export interface TransferState extends Transferred {
  transAmount?: string;
  payDate?: string;
  arrivalTimeEnd?: string;
  orderFee?: string;
  errorCode?: string;
  failReason?: string;
}

type Ended = { tradeNo?: string; outTradeNo?: string };
type Send = Api<TemplateMessage, [Text, Text, Text, string, object | string, Options?], {}>;
type Detect = Api<{ content: string }, [string, Options?], { action?: string; keywords?: string[]; uniqueId?: string }>;
type Pay = Api<Transfer, [Text, Amount, Payee | string, string, Options?], Transferred>;
type AskTransfer = Api<{ payFundOrderId?: Text; outBizNo?: Text }, [Text, Text?, Options?], TransferState>;

export interface Cloud {
  /** Names the SDK's object that calls are made with, and options for all of them. Throws `INVALID_PARAM`. */
  init(mpserverless: object, options?: Options): void;
  base: {
    oauth: {
      getToken: Api<{ code: string }, [string, Options?], Token>;
      refreshToken: Api<{ refreshToken: string }, [string, Options?], Token>;
    };
    qrcode: {
      create: Api<
        { urlParam: string; queryParam: string; describe: string; color?: string; size?: Text },
        [string, string, string, string?, Text?, Options?],
        { qrCodeUrl?: string; qrCodeUrlCircleBlue?: string; qrCodeUrlCircleWhite?: string }
      >;
    };
  };
  marketing: {
    templateMessage: { send: Send };
    /** The same, as the manual spells it. */
    templateMessge: { send: Send };
  };
  member: {
    identification: {
      init: Api<
        { outerOrderNo: Text; bizCode: string; identityParam: IdentityParam | string; merchantConfig: object | string },
        [Text, string, IdentityParam | string, object | string, Options?],
        { certifyId?: string }
      >;
      /** `body` and `url` are the address for `my.call('startBizService', {name: 'open-certify', …})`. */
      certify: Api<{ certifyId: string }, [string, Options?], { certifyId: string; body: string; url: string }>;
      query: Api<
        { certifyId: string },
        [string, Options?],
        { passed?: string; identityInfo?: string; materialInfo?: string; failReason?: string }
      >;
    };
  };
  payment: {
    common: {
      create: Api<Order & { buyerId?: string }, [string, Text, Amount, string?, Options?], Created>;
      query: Api<{ outTradeNo: Text }, [Text, Options?], Trade>;
      refund: Api<
        {
          outTradeNo: Text;
          refundAmount: Amount;
          /** The refund's own number. Without one, equal amounts of one order are one and the same refund. */
          outRequestNo?: Text;
          refundReason?: string;
        },
        [Text, Amount, Text?, string?, Options?],
        { tradeNo?: string; outTradeNo?: string; fundChange?: string; refundFee?: string; gmtRefundPay?: string }
      >;
      close: Api<{ outTradeNo: Text }, [Text, Options?], Ended>;
      cancel: Api<{ outTradeNo: Text }, [Text, Options?], Ended & { action?: string; retryFlag?: string }>;
    };
    huabei: {
      create: Api<
        Order & { buyerId?: string; extendParams: object | string },
        [string, Text, Amount, string | null | undefined, object | string, Options?],
        Created
      >;
    };
    faceToFace: {
      /** `code` is `"10003"` while the payer is asked for a password. */
      pay: Api<Order & { authCode: Text }, [string, Text, Amount, Text, Options?], Trade & { gmtPayment?: string }>;
    };
  };
  security: { textRisk: { detect: Detect } };
  fund: {
    transferAccount: { transfer: Pay; query: AskTransfer };
    transferBankcard: { transfer: Pay; query: AskTransfer };
    b2cRedPacket: { send: Pay; query: AskTransfer };
  };
  util: {
    generic: {
      /** Any method of Alipay's gateway. */
      execute: Api<
        { method: string; params: object | string; options?: { authToken?: string } },
        [string, object | string, { authToken?: string }?, Options?],
        {}
      >;
    };
    openData: {
      /** What WeChat encrypted for the session of the user who asks. */
      decrypt: Api<{ encryptedData: string; iv: string }, [string, string, Options?], { phoneNumber?: string }>;
    };
  };
  /** Names of the first package. */
  mini: { sendTemplateMessage: Send; detectRiskContent: Detect };
  /** APIs of other adapters. They are there where the engine has proxies. */
  [namespace: string]: any;
}

declare const cloud: Cloud;
export default cloud;
