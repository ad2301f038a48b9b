//! Open files, which JavaScript knows by a number.

use bytes::Bytes;

use super::scratch::Shared;
use super::{Args, Env, Result, Stat, Value, fails, find, in_scratch, missing, refuse_change};

/// A folder may be open as well, but has no contents then.
enum Source {
    Scratch(Shared),
    Package(Bytes),
    Folder,
}

/// An open file. The place moves when no other is asked for.
struct Open {
    source: Source,
    place: usize,
    reads: bool,
    writes: bool,
    appends: bool,
}

/// `(path, flags, mode)` → a number. `flags` are those of Node.js as text, such as `w+` or `ax`; `c`
/// makes a file that is not there, and leaves one that is.
pub fn open(env: &mut Env, args: &Args) -> Result {
    let (path, flags, mode) = (args.str(0)?, args.str(1)?, args.u32(2)?);
    let has = |flag| flags.contains(flag);
    let (appends, truncates, both, exclusive) = (has('a'), has('w'), has('+'), has('x'));
    let creates = appends || truncates || has('c');
    let (reads, writes) = (has('r') || both, appends || truncates || both || (has('c') && !has('r')));
    let source = match find(env, path) {
        Ok(_) if exclusive => return Err(fails("EEXIST")),
        Ok(stat) if stat.folder && writes => return Err(fails("EISDIR")),
        Ok(stat) if stat.folder => Source::Folder,
        Ok(_) if in_scratch(path) => {
            let file = env.scratch.file(path).ok_or_else(|| fails("ENOENT"))?;
            if truncates {
                file.borrow_mut().resize(0)?;
            }
            Source::Scratch(file)
        }
        Ok(_) if writes => return Err(fails("EROFS")),
        Ok(_) => Source::Package(env.package.file(path).cloned().ok_or_else(|| fails("ENOENT"))?),
        Err(_) if !creates => return Err(missing(env, path)),
        Err(_) if !in_scratch(path) => return Err(refuse_change(env, path)),
        Err(_) if !env.scratch.has_parent(path) => return Err(missing(env, path)),
        Err(_) => Source::Scratch(env.scratch.add_file(path, mode)?),
    };
    let open = Open { source, place: 0, reads, writes, appends };
    Ok(env.resources.add(open).map_err(|_| fails("EMFILE"))?.into())
}

fn file<'a>(env: &'a mut Env, args: &Args) -> Result<&'a mut Open> {
    env.resources.get(args.u32(0)?).map_err(|_| fails("EBADF"))
}

/// Where a read or write takes place: the second or a later argument, or the file's own place.
fn place(args: &Args, index: usize, own: usize) -> Result<usize> {
    match args.get(index).as_number() {
        // Far below what an `usize` holds.
        Some(at) if (0.0..=9e15).contains(&at) => Ok(at as usize),
        Some(_) => Err(fails("EINVAL")),
        None => Ok(own),
    }
}

/// `(file)`
pub fn close(env: &mut Env, args: &Args) -> Result {
    let id = args.u32(0)?;
    env.resources.take::<Open>(id).map_err(|_| fails("EBADF"))?;
    Ok(Value::Undefined)
}

/// `(file, length, at?)` → at most that many bytes.
pub fn read_at(env: &mut Env, args: &Args) -> Result {
    let open = file(env, args)?;
    let length = place(args, 1, 0)?;
    if !open.reads {
        return Err(fails("EBADF"));
    }
    let from = place(args, 2, open.place)?;
    let take = |contents: &[u8]| {
        let end = from.saturating_add(length).min(contents.len());
        contents.get(from..end).map_or_else(Vec::new, <[u8]>::to_vec)
    };
    let bytes: Vec<u8> = match &open.source {
        Source::Scratch(file) => take(file.borrow().contents()),
        Source::Package(contents) => take(contents),
        Source::Folder => return Err(fails("EISDIR")),
    };
    if args.get(2).as_number().is_none() {
        open.place += bytes.len();
    }
    Ok(Value::Bytes(bytes))
}

/// `(file, bytes, at?)` → how many were written, which is all.
pub fn write_at(env: &mut Env, args: &Args) -> Result {
    let open = file(env, args)?;
    let bytes = args.bytes(1)?;
    let (true, Source::Scratch(file)) = (open.writes, &open.source) else { return Err(fails("EBADF")) };
    let mut file = file.borrow_mut();
    let at = if open.appends { file.contents().len() } else { place(args, 2, open.place)? };
    file.write(at, bytes)?;
    if open.appends || args.get(2).as_number().is_none() {
        open.place = at + bytes.len();
    }
    Ok(bytes.len().into())
}

/// `(file, length)`
pub fn truncate(env: &mut Env, args: &Args) -> Result {
    let open = file(env, args)?;
    let length = place(args, 1, 0)?;
    let (true, Source::Scratch(file)) = (open.writes, &open.source) else { return Err(fails("EINVAL")) };
    file.borrow_mut().resize(length)?;
    Ok(Value::Undefined)
}

/// `(file)` → as `files.stat`.
pub fn stat(env: &mut Env, args: &Args) -> Result {
    let stat = match &file(env, args)?.source {
        Source::Scratch(file) => file.borrow().stat(),
        Source::Package(contents) => Stat::of_package(false, contents.len()),
        Source::Folder => Stat::of_package(true, 4096),
    };
    Ok(stat.value())
}
