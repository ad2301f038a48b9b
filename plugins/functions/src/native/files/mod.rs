//! The files that a function sees: its package, read-only, under `/code`, and a folder of its own,
//! `/tmp`, which lives as long as the isolate. Nothing here touches the host's files.
//!
//! Failures have the codes of the operating system and no message: the JavaScript around them knows
//! the call and its paths. Paths are absolute and plain: JavaScript has taken `.` and `..` out.

mod open;
mod scratch;

use super::{Args, Env, Failure, Op, Result, Value};
pub use scratch::Scratch;

/// The ops of this folder.
pub const OPS: &[(&str, Op)] = &[
    ("files.stat", Op::Sync(stat)),
    ("files.list", Op::Sync(list)),
    ("files.read", Op::Sync(read)),
    ("files.mkdir", Op::Sync(mkdir)),
    ("files.remove", Op::Sync(remove)),
    ("files.rename", Op::Sync(rename)),
    ("files.touch", Op::Sync(touch)),
    ("files.open", Op::Sync(open::open)),
    ("files.close", Op::Sync(open::close)),
    ("files.readAt", Op::Sync(open::read_at)),
    ("files.writeAt", Op::Sync(open::write_at)),
    ("files.truncate", Op::Sync(open::truncate)),
    ("files.fstat", Op::Sync(open::stat)),
];

/// What is known of a file or folder.
pub struct Stat {
    folder: bool,
    size: usize,
    /// Times in milliseconds since 1970: when it was last changed, read, and made.
    times: [f64; 3],
    mode: u32,
    number: u32,
}

impl Stat {
    fn of_package(folder: bool, size: usize) -> Self {
        Self { folder, size, times: [0.0; 3], mode: if folder { 0o555 } else { 0o444 }, number: 1 }
    }

    fn value(&self) -> Value {
        let [changed, read, made] = self.times;
        Value::List(vec![
            self.folder.into(),
            self.size.into(),
            changed.into(),
            read.into(),
            made.into(),
            self.mode.into(),
            self.number.into(),
        ])
    }
}

fn fails(code: &'static str) -> Failure {
    Failure::error(code, code)
}

fn in_scratch(path: &str) -> bool {
    path == scratch::ROOT || path.strip_prefix(scratch::ROOT).is_some_and(|rest| rest.starts_with('/'))
}

/// Why there is nothing at a path: one of its parents may be a file.
fn missing(env: &Env, path: &str) -> Failure {
    let mut parent = path;
    while let Some((above, _)) = parent.rsplit_once('/') {
        parent = above;
        if env.package.file(parent).is_some() || env.scratch.is_file(parent) {
            return fails("ENOTDIR");
        }
    }
    fails("ENOENT")
}

/// `ENOENT` where nothing can be, and `EROFS` for what may only be read.
fn refuse_change(env: &Env, path: &str) -> Failure {
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    if path == "/" || parent.is_empty() || env.package.has_folder(parent) || env.package.file(path).is_some() {
        fails("EROFS")
    } else {
        missing(env, path)
    }
}

fn find(env: &Env, path: &str) -> Result<Stat> {
    if in_scratch(path) {
        return env.scratch.stat(path).ok_or_else(|| missing(env, path));
    }
    if let Some(contents) = env.package.file(path) {
        return Ok(Stat::of_package(false, contents.len()));
    }
    if path == "/" || env.package.has_folder(path) {
        return Ok(Stat::of_package(true, 4096));
    }
    Err(missing(env, path))
}

/// `(path)` → whether it is a folder, its size, its times (changed, read, made), mode and number.
fn stat(env: &mut Env, args: &Args) -> Result {
    find(env, args.str(0)?).map(|stat| stat.value())
}

/// `(folder)` → its entries, each with whether it is a folder.
fn list(env: &mut Env, args: &Args) -> Result {
    let path = args.str(0)?;
    let stat = find(env, path)?;
    if !stat.folder {
        return Err(fails("ENOTDIR"));
    }
    let entries = if path == "/" {
        vec![("code", true), ("tmp", true)]
    } else if in_scratch(path) {
        env.scratch.entries(path)
    } else {
        env.package.entries(path).unwrap_or_default()
    };
    Ok(Value::List(entries.into_iter().map(|(name, folder)| Value::List(vec![name.into(), folder.into()])).collect()))
}

/// `(path)` → all bytes of a file.
fn read(env: &mut Env, args: &Args) -> Result {
    let path = args.str(0)?;
    if find(env, path)?.folder {
        return Err(fails("EISDIR"));
    }
    let contents = if in_scratch(path) { env.scratch.read(path) } else { env.package.file(path).map(|contents| contents.to_vec()) };
    contents.map(Value::Bytes).ok_or_else(|| fails("ENOENT"))
}

/// `(path, mode)`: makes a folder in one that is there.
fn mkdir(env: &mut Env, args: &Args) -> Result {
    let (path, mode) = (args.str(0)?, args.u32(1)?);
    if find(env, path).is_ok() {
        return Err(fails("EEXIST"));
    }
    if !in_scratch(path) {
        return Err(refuse_change(env, path));
    }
    if !env.scratch.has_parent(path) {
        return Err(missing(env, path));
    }
    env.scratch.add_folder(path, mode)?;
    Ok(Value::Undefined)
}

/// `(path, folder)`: removes a file, or an empty folder.
fn remove(env: &mut Env, args: &Args) -> Result {
    let (path, folder) = (args.str(0)?, args.flag(1));
    if !in_scratch(path) {
        return Err(refuse_change(env, path));
    }
    let stat = find(env, path)?;
    match (stat.folder, folder) {
        (true, false) => return Err(fails("EISDIR")),
        (false, true) => return Err(fails("ENOTDIR")),
        _ => {}
    }
    if path == scratch::ROOT {
        return Err(fails("EBUSY"));
    }
    env.scratch.remove(path)?;
    Ok(Value::Undefined)
}

/// `(from, to)`: gives a file or folder another path, in place of a file or empty folder there.
fn rename(env: &mut Env, args: &Args) -> Result {
    let (from, to) = (args.str(0)?, args.str(1)?);
    // Both folders are looked up before what is in them.
    if in_scratch(to) && env.scratch.has_parent(from) && !env.scratch.has_parent(to) {
        return Err(missing(env, to));
    }
    let source = find(env, from)?;
    if !in_scratch(from) {
        return Err(refuse_change(env, from));
    }
    if !in_scratch(to) {
        return Err(if find(env, to).is_ok() || matches!(refuse_change(env, to).code.as_ref(), "EROFS") {
            fails("EXDEV")
        } else {
            missing(env, to)
        });
    }
    if !env.scratch.has_parent(to) {
        return Err(missing(env, to));
    }
    if from == to {
        return Ok(Value::Undefined);
    }
    if from == scratch::ROOT || to == scratch::ROOT {
        return Err(fails("EBUSY"));
    }
    if env.scratch.longest_below(from) - from.len() + to.len() > scratch::MAX_PATH {
        return Err(fails("ENAMETOOLONG"));
    }
    if to.strip_prefix(from).is_some_and(|rest| rest.starts_with('/')) {
        return Err(fails("EINVAL"));
    }
    match find(env, to).ok().map(|target| target.folder) {
        Some(true) if !source.folder => return Err(fails("EISDIR")),
        Some(false) if source.folder => return Err(fails("ENOTDIR")),
        Some(_) => env.scratch.remove(to)?,
        None => {}
    }
    env.scratch.rename(from, to);
    Ok(Value::Undefined)
}

/// `(path, mode or undefined, changed or undefined, read or undefined)`: sets what is given.
fn touch(env: &mut Env, args: &Args) -> Result {
    let path = args.str(0)?;
    find(env, path)?;
    if !in_scratch(path) {
        return Err(fails("EROFS"));
    }
    let mode = if args.get(1).as_number().is_some() { Some(args.u32(1)?) } else { None };
    env.scratch.touch(path, mode, args.get(2).as_number(), args.get(3).as_number());
    Ok(Value::Undefined)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::package::Package;

    fn env() -> Env {
        Env::new("space", Arc::new(Package::of(&[("index.js", "hello"), ("lib/a.js", "")])), Arc::default())
    }

    fn run(env: &mut Env, name: &str, args: Vec<Value>) -> std::result::Result<Value, String> {
        let Some((_, Op::Sync(op))) = OPS.iter().find(|(op, _)| *op == format!("files.{name}")) else { panic!("no op {name}") };
        op(env, &Args::new(args)).map_err(|failure| failure.code.into_owned())
    }

    fn write(env: &mut Env, path: &str, bytes: &[u8]) -> std::result::Result<(), String> {
        let fd = run(env, "open", vec![path.into(), "w".into(), 0o666u32.into()])?;
        let written = run(env, "writeAt", vec![fd.clone(), bytes.to_vec().into(), Value::Undefined]);
        run(env, "close", vec![fd]).unwrap();
        written.map(drop)
    }

    #[test]
    fn the_package_is_read_only_and_the_host_is_not_there() {
        let env = &mut env();
        assert_eq!(run(env, "read", vec!["/code/index.js".into()]).unwrap(), Value::Bytes(b"hello".to_vec()));
        for path in ["/code/index.js", "/code/new", "/new", "/code/lib/b"] {
            assert_eq!(write(env, path, b"x").unwrap_err(), "EROFS", "{path}");
            assert_eq!(run(env, "remove", vec![path.into(), false.into()]).unwrap_err(), "EROFS", "{path}");
        }
        for path in ["/etc/passwd", "/proc/self/environ", "/code/../etc/passwd", "/tmp/../etc/passwd", "", "tmp", "/code/gone"] {
            assert_eq!(run(env, "read", vec![path.into()]).unwrap_err(), "ENOENT", "{path}");
        }
        assert_eq!(run(env, "read", vec!["/code/index.js/x".into()]).unwrap_err(), "ENOTDIR");
        assert_eq!(run(env, "read", vec!["/code".into()]).unwrap_err(), "EISDIR");
    }

    #[test]
    fn scratch_files_come_and_go() {
        let env = &mut env();
        assert_eq!(write(env, "/tmp/a/b", b"x").unwrap_err(), "ENOENT");
        run(env, "mkdir", vec!["/tmp/a".into(), 0o777u32.into()]).unwrap();
        assert_eq!(run(env, "mkdir", vec!["/tmp/a".into(), 0u32.into()]).unwrap_err(), "EEXIST");
        write(env, "/tmp/a/b", b"one").unwrap();
        assert_eq!(run(env, "remove", vec!["/tmp/a".into(), true.into()]).unwrap_err(), "ENOTEMPTY");
        run(env, "rename", vec!["/tmp/a".into(), "/tmp/c".into()]).unwrap();
        assert_eq!(run(env, "read", vec!["/tmp/c/b".into()]).unwrap(), Value::Bytes(b"one".to_vec()));
        assert_eq!(run(env, "rename", vec!["/tmp/c".into(), "/tmp/c/d".into()]).unwrap_err(), "EINVAL");
        assert_eq!(run(env, "read", vec!["/tmp/c/b/d".into()]).unwrap_err(), "ENOTDIR");
        run(env, "remove", vec!["/tmp/c/b".into(), false.into()]).unwrap();
        run(env, "remove", vec!["/tmp/c".into(), true.into()]).unwrap();
        assert_eq!(run(env, "list", vec!["/tmp".into()]).unwrap(), Value::List(Vec::new()));
    }

    #[test]
    fn the_limit_counts_what_is_open_after_it_was_removed() {
        let env = &mut env();
        let large = vec![0; 40 * 1024 * 1024];
        let fd = run(env, "open", vec!["/tmp/a".into(), "w+".into(), 0u32.into()]).unwrap();
        run(env, "writeAt", vec![fd.clone(), large.clone().into(), Value::Undefined]).unwrap();
        run(env, "remove", vec!["/tmp/a".into(), false.into()]).unwrap();
        assert_eq!(write(env, "/tmp/b", &large).unwrap_err(), "ENOSPC");
        assert_eq!(run(env, "truncate", vec![fd.clone(), 1e15.into()]).unwrap_err(), "ENOSPC");
        run(env, "close", vec![fd.clone()]).unwrap();
        assert_eq!(run(env, "close", vec![fd]).unwrap_err(), "EBADF");
        write(env, "/tmp/b", &large).unwrap();
        let full = (0..).map(|n| write(env, &format!("/tmp/{n}"), b"")).find_map(std::result::Result::err);
        assert_eq!(full.as_deref(), Some("ENOSPC"), "empty files count as well");
    }
}
