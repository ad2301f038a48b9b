//! Types of files: which may be uploaded, and what they are called in `Content-Type`.

/// What names of uploaded files may end in: the types of manual 4.2 and 4.4, and those that the
/// client SDK lets pass.
pub const EXTENSIONS: [&str; 32] = [
    "jpg", "jpeg", "png", "gif", "bmp", "wbmp", "webp", "svg", "image", "audio", "au", "mp2", "mp3", "3gpp", "mp4", "mpeg", "flv", "avi",
    "video", "wmv", "mpg", "mpga", "ogg", "webm", "pdf", "xls", "xlsx", "doc", "docx", "ppt", "pptx", "txt",
];

/// The type of a file whose type is not known.
pub const UNKNOWN: &str = "application/octet-stream";

/// The longest type, in bytes.
const MAX_TYPE: usize = 255;

/// The type that an extension stands for.
pub fn of_extension(extension: &str) -> String {
    match extension {
        "wbmp" => "image/vnd.wap.wbmp".to_owned(),
        "3gpp" => "video/3gpp".to_owned(),
        "au" => "audio/basic".to_owned(),
        "mpga" | "mp2" => "audio/mpeg".to_owned(),
        // Names that the SDK has for "some image": what it is, nobody has said.
        "image" | "audio" | "video" => UNKNOWN.to_owned(),
        extension => mime_guess::from_ext(extension).first_raw().unwrap_or(UNKNOWN).to_owned(),
    }
}

/// A type that somebody declares, in lower case and without parameters, if it is one.
fn essence(declared: &str) -> Option<String> {
    let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let token = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b));
    let valid = essence.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype));
    (valid && essence.len() <= MAX_TYPE).then_some(essence)
}

/// The type of a file: the declared one, where it is plausible, or that of the extension. Whoever
/// is not trusted cannot have a file taken for a document with scripts that its name does not
/// stand for.
pub fn choose(declared: &str, extension: &str, trusted: bool) -> String {
    let by_extension = of_extension(extension);
    match essence(declared) {
        Some(declared) if declared != UNKNOWN && (trusted || declared == by_extension || !is_active(&declared)) => declared,
        _ => by_extension,
    }
}

/// Whether browsers run scripts of documents of a type: such are shown in a sandbox, as all files
/// share the origin of the server.
pub fn is_active(content_type: &str) -> bool {
    let subtype = content_type.split_once('/').map_or("", |(_, subtype)| subtype);
    matches!(
        content_type,
        "text/html" | "text/xml" | "application/xml" | "application/pdf" | "text/xsl" | "multipart/related" | "message/rfc822"
    ) || subtype.ends_with("+xml")
        || subtype.contains("javascript")
        || subtype.contains("html")
}

/// `Content-Type` of a type: texts are UTF-8.
pub fn header(content_type: &str) -> String {
    let is_text = content_type.starts_with("text/") || matches!(content_type, "application/json" | "application/javascript");
    if is_text { format!("{content_type}; charset=utf-8") } else { content_type.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_manual_has_a_name() {
        for extension in EXTENSIONS {
            let named = of_extension(extension);
            assert!(named != UNKNOWN || matches!(extension, "image" | "audio" | "video"), "{extension}");
        }
        assert_eq!(of_extension("jpg"), "image/jpeg");
        assert_eq!(of_extension("nothing"), UNKNOWN);
    }

    #[test]
    fn a_declared_type_counts_unless_it_smuggles_scripts() {
        assert_eq!(choose("image/webp", "png", false), "image/webp");
        assert_eq!(choose("Text/HTML; charset=gbk", "png", false), "image/png");
        assert_eq!(choose("image/svg+xml", "svg", false), "image/svg+xml");
        assert_eq!(choose("image/svg+xml", "png", false), "image/png");
        assert_eq!(choose("text/html", "png", true), "text/html");
        for nonsense in ["", "image", "image/", "a/b/c", "im age/png", "a/\u{e9}", "a/b\r\nx: y", &format!("a/{}", "b".repeat(300))] {
            assert_eq!(choose(nonsense, "png", true), "image/png", "{nonsense:?}");
        }
    }

    #[test]
    fn active_types_are_known() {
        for active in ["text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript", "application/pdf"] {
            assert!(is_active(active), "{active}");
        }
        for passive in ["image/png", "video/mp4", "text/plain", UNKNOWN] {
            assert!(!is_active(passive), "{passive}");
        }
    }
}
