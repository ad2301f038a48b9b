//! How long browsers may keep what they were sent.

use http::HeaderValue;

/// Kept, but asked about each time: a deployment is seen at once.
pub const REVALIDATE: &str = "no-cache";
/// Of a site that not everybody may see: asked about each time, and kept by nobody else.
pub const PRIVATE: &str = "private, no-cache";
/// Never asked about again, as the name changes with the contents.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// The shortest digest that bundlers put into names, in characters.
const DIGEST: usize = 8;

/// The header of a file.
pub fn of(path: &str) -> HeaderValue {
    HeaderValue::from_static(if is_hashed(path) { FOREVER } else { REVALIDATE })
}

/// Whether a file's name has a digest of its contents in it, as bundlers write it: `app.3f8a9c21.js`,
/// `app-3f8a9c21b5.css`, `index-BfX3d9_k.js`. Dates, versions and words are none.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let name = name.strip_suffix(".map").unwrap_or(name);
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    if matches!(extension, "html" | "htm") {
        return false;
    }
    let after_dot = stem.rsplit('.').next().unwrap_or_default();
    let after_dash = stem.rsplit('-').next().unwrap_or_default();
    // Digests of Vite are 8 characters long, and may contain dashes.
    let last = stem.len().checked_sub(DIGEST).filter(|start| stem.get(..*start).is_some_and(|before| before.ends_with(['-', '.'])));
    let mixed = last.and_then(|start| stem.get(start..));
    is_hexadecimal(after_dot) || is_hexadecimal(after_dash) || mixed.is_some_and(is_mixed)
}

fn is_hexadecimal(text: &str) -> bool {
    text.len() >= DIGEST
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

fn is_mixed(text: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| text.as_bytes().iter().any(kind);
    // A word and a number, such as `Version1`, is no digest.
    let word = text.trim_end_matches(|c: char| c.is_ascii_digit());
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && !word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_digests_are_kept_for_ever() {
        for path in
            ["js/app.3f8a9c21.js", "css/app-3f8a9c21b5.css", "assets/index-BfX3d9_k.js", "a/logo.0a1b2c3d4e5f.png", "x-3f8a9c21.js.map"]
        {
            assert_eq!(of(path), FOREVER, "{path}");
        }
        for path in [
            "index.html",
            "page-3f8a9c21.html",
            "js/app.js",
            "photo-20231201.jpg",
            "v1.2.3/app.min.js",
            "defaced.css",
            "lib-Version1.js",
            "a/readme",
            "3f8a9c21/app.js",
            "über-größe1A.js",
        ] {
            assert_eq!(of(path), REVALIDATE, "{path}");
        }
    }
}
