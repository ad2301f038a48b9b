//! Compiles functions, and keeps the bytecode for other isolates: those of a busy function, and of
//! the next version with the same dependencies.
//!
//! V8 compares little more than the length of a source with that of the code it is given. So entries
//! are named by a hash of the source, and nobody can have code run that belongs to another source.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use deno_v8 as v8;
use sha2::{Digest, Sha256};

/// Sources that are shorter compile faster than their code is looked up, in bytes.
const MIN_SOURCE: usize = 1024;

type Scope<'s, 'i> = v8::PinScope<'s, 'i>;
type Key = [u8; 32];

/// Bytecode of a process's functions.
pub struct CodeCache {
    limit: usize,
    entries: Mutex<Entries>,
    /// How often code was used.
    used: AtomicU64,
}

#[derive(Default)]
struct Entries {
    codes: std::collections::HashMap<Key, (Arc<[u8]>, u64)>,
    size: usize,
    clock: u64,
}

/// A function that was compiled from its source, and whose bytecode others may want.
pub struct Fresh {
    cache: Arc<CodeCache>,
    key: Key,
    function: v8::Global<v8::Function>,
}

/// What is compiled to a function.
pub struct Unit<'a, 's> {
    /// The name in stack traces.
    pub name: &'a str,
    /// What the hash is made of.
    pub bytes: &'a [u8],
    /// The body.
    pub source: v8::Local<'s, v8::String>,
    /// The parameters.
    pub parameters: &'a [&'a str],
}

impl CodeCache {
    /// A cache of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, entries: Mutex::default(), used: AtomicU64::new(0) }
    }

    /// Compiles, from bytecode if there is some. A syntax error is thrown. What was compiled from its
    /// source comes with it, to be [kept](Fresh::keep) once it has run: until then most of its
    /// inner functions have no bytecode.
    pub fn compile<'s>(
        self: &Arc<Self>,
        scope: &mut Scope<'s, '_>,
        unit: &Unit<'_, 's>,
    ) -> Option<(v8::Local<'s, v8::Function>, Option<Fresh>)> {
        let key = key(unit);
        let known = if unit.bytes.len() < MIN_SOURCE { None } else { self.get(&key) };
        let name = v8::String::new(scope, unit.name)?;
        let origin = v8::ScriptOrigin::new(scope, name.into(), 0, 0, false, -1, None, false, false, false, None);
        let mut parameters = Vec::with_capacity(unit.parameters.len());
        for name in unit.parameters {
            parameters.push(v8::String::new(scope, name)?);
        }
        let (mut source, options) = match &known {
            Some(code) => {
                let cached = v8::script_compiler::CachedData::new(code);
                (
                    v8::script_compiler::Source::new_with_cached_data(unit.source, Some(&origin), cached),
                    v8::script_compiler::CompileOptions::ConsumeCodeCache,
                )
            }
            None => (v8::script_compiler::Source::new(unit.source, Some(&origin)), v8::script_compiler::CompileOptions::NoCompileOptions),
        };
        let reason = v8::script_compiler::NoCacheReason::NoReason;
        let function = v8::script_compiler::compile_function(scope, &mut source, &parameters, &[], options, reason)?;
        let used = known.is_some() && source.get_cached_data().is_some_and(|code| !code.rejected());
        self.used.fetch_add(u64::from(used), Ordering::Relaxed);
        let fresh = (!used && unit.bytes.len() >= MIN_SOURCE).then(|| Fresh {
            cache: self.clone(),
            key,
            function: v8::Global::new(scope, function),
        });
        Some((function, fresh))
    }

    /// How many functions have code, and how often it was used.
    #[cfg(test)]
    pub fn counts(&self) -> (usize, u64) {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        (entries.codes.len(), self.used.load(Ordering::Relaxed))
    }

    fn get(&self, key: &Key) -> Option<Arc<[u8]>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.clock += 1;
        let clock = entries.clock;
        let (code, used) = entries.codes.get_mut(key)?;
        *used = clock;
        Some(code.clone())
    }

    fn put(&self, key: Key, code: Arc<[u8]>) {
        if code.len() > self.limit / 4 {
            return;
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.clock += 1;
        let clock = entries.clock;
        entries.size += code.len();
        if let Some((old, _)) = entries.codes.insert(key, (code, clock)) {
            entries.size -= old.len();
        }
        if entries.size > self.limit {
            entries.shrink(self.limit / 4 * 3);
        }
    }
}

impl Fresh {
    /// Keeps the bytecode of a function that has run.
    pub fn keep(&self, scope: &mut Scope) {
        let function = v8::Local::new(scope, &self.function);
        if let Some(code) = function.create_code_cache() {
            self.cache.put(self.key, Arc::from(&code[..]));
        }
    }
}

impl Entries {
    /// Drops what was not used for longest until the rest fits.
    fn shrink(&mut self, limit: usize) {
        let mut by_use: Vec<(u64, Key)> = self.codes.iter().map(|(key, (_, used))| (*used, *key)).collect();
        by_use.sort_unstable();
        for (_, key) in by_use {
            if self.size <= limit {
                return;
            }
            if let Some((code, _)) = self.codes.remove(&key) {
                self.size -= code.len();
            }
        }
    }
}

fn key(unit: &Unit) -> Key {
    let mut hash = Sha256::new();
    for parameter in unit.parameters {
        hash.update(parameter.as_bytes());
        hash.update([0]);
    }
    hash.update(unit.bytes);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let cache = CodeCache::new(100);
        for n in 0..4 {
            cache.put([n; 32], Arc::from(vec![n; 25]));
        }
        assert!(cache.get(&[0; 32]).is_some());
        cache.put([4; 32], Arc::from(vec![4; 10]));
        assert!(cache.get(&[0; 32]).is_some() && cache.get(&[4; 32]).is_some());
        assert!(cache.get(&[1; 32]).is_none());
        cache.put([5; 32], Arc::from(vec![5; 26]));
        assert!(cache.get(&[5; 32]).is_none(), "too large");
        let entries = cache.entries.lock().expect("not poisoned");
        assert_eq!(entries.size, entries.codes.values().map(|(code, _)| code.len()).sum::<usize>());
    }
}
