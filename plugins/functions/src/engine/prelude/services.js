// `ctx.mpserverless`: the services of the function's own space, called inside the process.
//
// Who calls, and in which space, is not known here at all: a call names only the invocation it
// belongs to, and the worker knows the rest.
(function (internal, ops) {
  'use strict';

  const { parse, stringify } = JSON;
  const { isArray } = Array;
  const { isView } = ArrayBuffer;
  const isoDate = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
  const waiting = { __proto__: null };

  function failure({ code, message }) {
    const error = new Error(message);
    error.name = 'MPServerlessError';
    error.code = code;
    return error;
  }

  function call(invocation, method, params, decode, bytes) {
    return new Promise((resolve, reject) => {
      const id = internal.nextId();
      const refused = ops.call(invocation, id, method, stringify(params), bytes);
      if (refused === undefined) waiting[id] = { resolve, reject, decode };
      else reject(failure(parse(refused)));
    });
  }

  internal.onForget((id) => delete waiting[id]);

  internal.complete = (id, succeeded, text) => {
    const { resolve, reject, decode } = waiting[id] || {};
    if (resolve === undefined) return;
    delete waiting[id];
    try {
      const data = text === '' ? null : parse(text);
      if (succeeded) resolve(decode(data));
      else reject(failure(data));
    } catch (error) {
      reject(error);
    }
  };

  // The service writes dates in exactly this form, at any depth of a reply.
  function reviveDates(value) {
    if (typeof value === 'string') return value.length === 24 && isoDate.test(value) ? new Date(value) : value;
    if (typeof value === 'object' && value !== null) {
      for (const key in value) {
        const inner = value[key];
        const revived = reviveDates(inner);
        if (revived !== inner) value[key] = revived;
      }
    }
    return value;
  }

  const databaseReply = (data) => ({ success: true, ...reviveDates(data) });

  const commands = {
    aggregate: ['pipeline'],
    count: ['query'],
    distinct: ['key', 'query'],
    find: ['query'],
    findOne: ['query'],
    insertOne: ['doc'],
    insertMany: ['docs'],
    updateOne: ['filter', 'update'],
    updateMany: ['filter', 'update'],
    replaceOne: ['filter', 'doc'],
    findOneAndUpdate: ['filter', 'update'],
    findOneAndReplace: ['filter', 'replacement'],
    findOneAndDelete: ['filter'],
    deleteOne: ['filter'],
    deleteMany: ['filter'],
  };

  function execute(invocation, params) {
    return call(invocation, 'serverless.db.default.execute', params, databaseReply);
  }

  class Collection {
    #invocation;
    #name;
    #transaction;
    constructor(invocation, name, transaction) {
      this.#invocation = invocation;
      this.#name = name;
      this.#transaction = transaction;
    }
    static run(collection, command, names, args) {
      const params = { collection: collection.#name, command, options: args[names.length] || {} };
      if (collection.#transaction !== undefined) params.transactionId = collection.#transaction;
      for (let i = 0; i < names.length; i++) params[names[i]] = args[i];
      return execute(collection.#invocation, params);
    }
  }
  const { run } = Collection;
  delete Collection.run;
  for (const command of Object.keys(commands)) {
    const names = commands[command];
    const method = {
      [command](...args) {
        return run(this, command, names, args);
      },
    };
    Object.defineProperty(Collection.prototype, command, { value: method[command], writable: true, configurable: true });
  }

  class Transaction {
    #invocation;
    #id;
    #ended = false;
    constructor(invocation, id) {
      this.#invocation = invocation;
      this.#id = id;
    }
    collection(name) {
      return new Collection(this.#invocation, name, this.#id);
    }
    commit() {
      return this.#end('commitTransaction');
    }
    rollback() {
      return this.#end('abortTransaction');
    }
    async #end(command) {
      if (this.#ended) throw failure({ code: 'TransactionError', message: 'the transaction has already ended' });
      this.#ended = true;
      return execute(this.#invocation, { command, options: {}, transactionId: this.#id });
    }
  }

  class Database {
    #invocation;
    constructor(invocation) {
      this.#invocation = invocation;
    }
    collection(name) {
      return new Collection(this.#invocation, name);
    }
    async startTransaction() {
      const { transactionId } = await execute(this.#invocation, { command: 'startTransaction', options: {} });
      return new Transaction(this.#invocation, transactionId);
    }
  }

  // As the server SDK has it: what the service answers, in an envelope.
  const fileReply = (result) => ({ success: true, result });

  // What is to be uploaded: a file that the function sees, or bytes that it has.
  function contents({ filePath, fileBuffer, fileContent }) {
    if (!filePath) {
      const bytes = fileBuffer ?? fileContent;
      if (isView(bytes)) return bytes;
      throw failure({ code: 'ValidationFailed', message: 'uploadFile needs a filePath, or a Buffer as fileBuffer' });
    }
    if (typeof filePath !== 'string') throw failure({ code: 'ValidationFailed', message: 'Invalid options.filePath' });
    try {
      return internal.builtin('fs').readFileSync(filePath);
    } catch (error) {
      throw failure({ code: 'UploadFileError', message: `the file cannot be read: ${error.message}` });
    }
  }

  class Files {
    #invocation;
    constructor(invocation) {
      this.#invocation = invocation;
    }
    deleteFile(file) {
      const id = typeof file === 'object' && file !== null ? file.fileUrl : file;
      return call(this.#invocation, 'serverless.file.resource.delete', { id }, fileReply);
    }
    info(ids, options) {
      const id = isArray(ids) ? ids.join(',') : ids;
      return call(this.#invocation, 'serverless.file.resource.info', { ...options, id }, fileReply);
    }
    // As the server SDK has it, but for the way of the bytes, which is inside the process.
    async uploadFile(options) {
      if (typeof options !== 'object' || options === null) throw failure({ code: 'ValidationFailed', message: 'Invalid options' });
      const { filePath, cloudPath, env = 'public', meta = {} } = options;
      const { fileName = typeof filePath === 'string' ? filePath.split(/[\\/]/).pop() : undefined } = options;
      if (typeof fileName !== 'string' || fileName === '') throw failure({ code: 'ValidationFailed', message: 'Invalid options.fileName' });
      const bytes = contents(options);
      const { contentType, expires, cacheControl, contentEncoding, contentDisposition } = options.headers ?? {};
      const params = {
        env,
        filename: fileName,
        size: bytes.byteLength,
        fileId: cloudPath,
        contentType,
        headers: { expires, cacheControl, contentEncoding, contentDisposition },
        meta,
      };
      return call(this.#invocation, 'serverless.file.resource.put', params, (uploaded) => uploaded, bytes);
    }
  }

  class Services {
    #invocation;
    #requestId;
    #db;
    #file;
    #function;
    #user;
    #network;
    constructor(invocation, requestId) {
      this.#invocation = invocation;
      this.#requestId = requestId;
    }
    get db() {
      return (this.#db ??= new Database(this.#invocation));
    }
    get function() {
      const invocation = this.#invocation;
      const requestId = this.#requestId;
      return (this.#function ??= {
        invoke: (functionTarget, functionArgs = {}) =>
          call(invocation, 'serverless.function.runtime.invoke', { functionTarget, functionArgs }, (result) => ({ success: true, result, requestId })),
      });
    }
    get user() {
      const invocation = this.#invocation;
      return (this.#user ??= {
        // The server SDK answers the data itself, the client SDK an envelope around it: this is both.
        getInfo: (options = {}) =>
          call(invocation, 'serverless.auth.user.getProfileInfo', options, (data) =>
            Object.defineProperties({ ...data }, { success: { value: true }, result: { value: data } })),
      });
    }
    get network() {
      const invocation = this.#invocation;
      return (this.#network ??= {
        forward: (method, params = {}) => call(invocation, `${method}`, params, (result) => ({ success: true, result })),
      });
    }
    get file() {
      return (this.#file ??= new Files(this.#invocation));
    }
  }

  internal.Services = Services;
  internal.call = call;
});
