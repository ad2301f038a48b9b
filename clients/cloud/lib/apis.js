'use strict';

/** The APIs by their names after `cloud.`, with the names of their arguments in the order in which they are passed. */
exports.PARAMETERS = {
  'base.oauth.getToken': ['code'],
  'base.oauth.refreshToken': ['refreshToken'],
  'base.qrcode.create': ['urlParam', 'queryParam', 'describe', 'color', 'size'],
  'marketing.templateMessage.send': ['toUserId', 'formId', 'userTemplateId', 'page', 'data'],
  // The manual spells it so.
  'marketing.templateMessge.send': ['toUserId', 'formId', 'userTemplateId', 'page', 'data'],
  'member.identification.init': ['outerOrderNo', 'bizCode', 'identityParam', 'merchantConfig'],
  'member.identification.certify': ['certifyId'],
  'member.identification.query': ['certifyId'],
  'payment.common.create': ['subject', 'outTradeNo', 'totalAmount', 'buyerId'],
  'payment.common.query': ['outTradeNo'],
  'payment.common.refund': ['outTradeNo', 'refundAmount', 'outRequestNo', 'refundReason'],
  'payment.common.close': ['outTradeNo'],
  'payment.common.cancel': ['outTradeNo'],
  'payment.huabei.create': ['subject', 'outTradeNo', 'totalAmount', 'buyerId', 'extendParams'],
  'payment.faceToFace.pay': ['subject', 'outTradeNo', 'totalAmount', 'authCode'],
  'security.textRisk.detect': ['content'],
  'fund.transferAccount.transfer': ['outBizNo', 'transAmount', 'payee', 'orderTitle'],
  'fund.transferAccount.query': ['payFundOrderId', 'outBizNo'],
  'fund.transferBankcard.transfer': ['outBizNo', 'transAmount', 'payee', 'orderTitle'],
  'fund.transferBankcard.query': ['payFundOrderId', 'outBizNo'],
  'fund.b2cRedPacket.send': ['outBizNo', 'transAmount', 'payee', 'orderTitle'],
  'fund.b2cRedPacket.query': ['payFundOrderId', 'outBizNo'],
  'util.generic.execute': ['method', 'params', 'options'],
  'util.openData.decrypt': ['encryptedData', 'iv']
};

/** Names that only the first package had, and what the APIs are called now. */
exports.ALIASES = {
  'mini.sendTemplateMessage': 'marketing.templateMessage.send',
  'mini.detectRiskContent': 'security.textRisk.detect'
};
