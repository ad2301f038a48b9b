//! The prelude as V8 left it in memory: isolates begin from that, and run none of it. QuickJS has no
//! snapshots, and runs the prelude in each isolate.

#[cfg(feature = "v8")]
mod blob {
    use std::borrow::Cow;
    use std::sync::LazyLock;

    use deno_v8 as v8;

    use crate::engine::{ops, platform, prelude};

    /// The only piece of data in a context.
    const INTERNAL: usize = 0;

    static BLOB: LazyLock<Option<Box<[u8]>>> = LazyLock::new(|| {
        let blob = make();
        if blob.is_none() {
            tracing::error!("there is no snapshot of the prelude; every instance of a function starts slowly");
        }
        blob
    });

    fn make() -> Option<Box<[u8]>> {
        platform::start();
        let mut isolate = v8::Isolate::snapshot_creator(Some(Cow::Owned(ops::references())), None);
        let installed = {
            v8::scope!(let scope, &mut isolate);
            let context = v8::Context::new(scope, v8::ContextOptions::default());
            let scope = &mut v8::ContextScope::new(scope, context);
            let internal = prelude::install(scope);
            if let Some(internal) = internal {
                scope.add_context_data(context, internal);
            }
            scope.set_default_context(context);
            internal.is_some()
        };
        // A creator must make its blob, whatever it is worth.
        let blob = isolate.create_blob(v8::FunctionCodeHandling::Keep)?;
        installed.then(|| Box::from(&blob[..]))
    }

    pub fn with_blob(params: v8::CreateParams) -> v8::CreateParams {
        match BLOB.as_deref() {
            Some(blob) => params.snapshot_blob(v8::StartupData::from(blob)).external_references(Cow::Owned(ops::references())),
            None => params,
        }
    }

    pub fn internal<'s>(scope: &mut v8::PinScope<'s, '_>) -> Option<v8::Local<'s, v8::Object>> {
        BLOB.as_deref()?;
        scope.get_context_data_from_snapshot_once(INTERNAL).ok()
    }
}

#[cfg(not(feature = "v8"))]
mod blob {
    use deno_v8 as v8;

    pub fn with_blob(params: v8::CreateParams) -> v8::CreateParams {
        params
    }

    pub fn internal<'s>(_: &mut v8::PinScope<'s, '_>) -> Option<v8::Local<'s, v8::Object>> {
        None
    }
}

pub use blob::{internal, with_blob};
use deno_v8 as v8;

/// Makes the snapshot, if that has not been done: takes some ten milliseconds.
pub fn prepare() {
    drop(with_blob(v8::CreateParams::default()));
}
