//! What an isolate's JavaScript holds by a number.

use std::any::Any;
use std::collections::HashMap;

use super::{Args, Env, Failure, Op, Result, Value};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[("resource.close", Op::Sync(close))];

/// The most resources of one isolate. JavaScript that forgets to end what it began, and whose
/// garbage is not collected, meets it.
const MAX: usize = 10_000;

/// The resources of one isolate, each of any type.
#[derive(Default)]
pub struct Resources {
    held: HashMap<u32, Box<dyn Any>>,
    last: u32,
}

impl Resources {
    /// Keeps a resource, and gives its number.
    ///
    /// # Errors
    /// `ERR_TOO_MANY_RESOURCES` at the limit.
    pub fn add(&mut self, resource: impl Any) -> Result<u32> {
        if self.held.len() >= MAX {
            return Err(Failure::error("ERR_TOO_MANY_RESOURCES", format!("the function holds {MAX} streams, hashes or sockets; end some")));
        }
        loop {
            self.last = self.last.wrapping_add(1);
            if !self.held.contains_key(&self.last) {
                self.held.insert(self.last, Box::new(resource));
                return Ok(self.last);
            }
        }
    }

    /// A resource of a type.
    ///
    /// # Errors
    /// `ERR_INVALID_STATE` when it is gone, or of another type. The same holds for `take`.
    pub fn get<T: Any>(&mut self, id: u32) -> Result<&mut T> {
        self.held.get_mut(&id).and_then(|resource| resource.downcast_mut()).ok_or_else(gone)
    }

    /// Takes a resource out.
    pub fn take<T: Any>(&mut self, id: u32) -> Result<T> {
        if !self.held.get(&id).is_some_and(|resource| resource.is::<T>()) {
            return Err(gone());
        }
        let resource = self.held.remove(&id).and_then(|resource| resource.downcast().ok());
        resource.map(|resource| *resource).ok_or_else(gone)
    }

    /// Drops a resource, if it is still there.
    pub fn close(&mut self, id: u32) {
        self.held.remove(&id);
    }
}

fn gone() -> Failure {
    Failure::error("ERR_INVALID_STATE", "this was ended before")
}

/// `(resource)`: ends whatever it is; one that is gone stays so.
fn close(env: &mut Env, args: &Args) -> Result {
    env.resources.close(args.u32(0)?);
    Ok(Value::Undefined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_its_type_and_goes_once() {
        let mut resources = Resources::default();
        let id = resources.add(String::from("a")).expect("room");
        assert!(resources.get::<u8>(id).is_err());
        assert!(resources.take::<u8>(id).is_err());
        assert_eq!(resources.take::<String>(id).ok().as_deref(), Some("a"));
        assert!(resources.take::<String>(id).is_err());
    }

    #[test]
    fn there_is_a_limit() {
        let mut resources = Resources::default();
        for _ in 0..MAX {
            resources.add(()).expect("room");
        }
        assert_eq!(resources.add(()).expect_err("full").code, "ERR_TOO_MANY_RESOURCES");
        resources.close(1);
        assert!(resources.add(()).is_ok());
    }
}
