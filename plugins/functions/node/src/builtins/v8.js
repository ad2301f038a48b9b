// Node.js's `v8`: what can be told of the heap; ours.
'use strict';
const { absent } = require('internal/errors');

module.exports = {
  getHeapStatistics() {
    const [used, total, limit, external] = ops.heap();
    return {
      total_heap_size: total, total_heap_size_executable: 0, total_physical_size: total, total_available_size: Math.max(limit - used, 0), used_heap_size: used,
      heap_size_limit: limit, malloced_memory: 0, peak_malloced_memory: 0, does_zap_garbage: 0, number_of_native_contexts: 1, number_of_detached_contexts: 0,
      total_global_handles_size: 0, used_global_handles_size: 0, external_memory: external,
    };
  },
  getHeapSpaceStatistics: () => [],
  getHeapCodeStatistics: () => ({ code_and_metadata_size: 0, bytecode_and_metadata_size: 0, external_script_source_size: 0, cpu_profiler_metadata_size: 0 }),
  cachedDataVersionTag: () => 0,
  setFlagsFromString() {},
  setHeapSnapshotNearHeapLimit() {},
  takeCoverage() {},
  stopCoverage() {},
};
for (const name of ['serialize', 'deserialize', 'Serializer', 'Deserializer', 'DefaultSerializer', 'DefaultDeserializer', 'getHeapSnapshot', 'writeHeapSnapshot', 'GCProfiler', 'queryObjects']) {
  module.exports[name] = absent(`v8.${name}()`);
}
