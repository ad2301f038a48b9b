//! Content codings (RFC 9110, 8.4.1 and 12.5.3).

use http::HeaderValue;

const GZIP: &str = ".gz";
const BROTLI: &str = ".br";
/// What the names of files end in that are encoded.
pub const EXTENSIONS: [&str; 2] = [GZIP, BROTLI];

/// How contents are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// `gzip`.
    Gzip,
    /// `br`.
    Brotli,
}

impl Encoding {
    /// Its name in headers; none for identity.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// What the names of files end in that are encoded so.
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some(GZIP),
            Self::Brotli => Some(BROTLI),
        }
    }
}

/// What a client accepts, in thousandths; 0 is not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    identity: u16,
    gzip: u16,
    brotli: u16,
}

impl Accepted {
    /// Reads `Accept-Encoding`. Without it nothing is encoded.
    pub fn read(header: Option<&HeaderValue>) -> Self {
        let (mut identity, mut gzip, mut brotli, mut others) = (None, None, None, None);
        let text = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
        for item in text.split(',') {
            let mut parts = item.split(';');
            let name = parts.next().unwrap_or_default().trim();
            let weight = parts.find_map(|part| part.trim().strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('=').map(weight));
            let weight = Some(weight.unwrap_or(1000));
            if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
                gzip = weight;
            } else if name.eq_ignore_ascii_case("br") {
                brotli = weight;
            } else if name.eq_ignore_ascii_case("identity") {
                identity = weight;
            } else if name == "*" {
                others = weight;
            }
        }
        Self {
            // Identity is acceptable unless it is refused by name or by `*`.
            identity: identity.or(others.filter(|weight| *weight == 0)).unwrap_or(1),
            gzip: gzip.or(others).unwrap_or(0),
            brotli: brotli.or(others).unwrap_or(0),
        }
    }

    /// Whether an encoding is accepted.
    pub fn allows(&self, encoding: Encoding) -> bool {
        self.weight(encoding) > 0
    }

    fn weight(&self, encoding: Encoding) -> u16 {
        match encoding {
            Encoding::Identity => self.identity,
            Encoding::Gzip => self.gzip,
            Encoding::Brotli => self.brotli,
        }
    }

    /// Encodings that are liked better than none, best first.
    pub fn preferred(&self) -> impl Iterator<Item = Encoding> {
        let both = if self.gzip > self.brotli { [Encoding::Gzip, Encoding::Brotli] } else { [Encoding::Brotli, Encoding::Gzip] };
        let accepted = *self;
        both.into_iter().filter(move |encoding| accepted.allows(*encoding) && accepted.weight(*encoding) >= accepted.identity)
    }
}

/// A weight such as `0.5` in thousandths; what is none counts as 0.
fn weight(text: &str) -> u16 {
    let weight: f32 = text.trim().parse().unwrap_or(0.0);
    // Between 0 and 1,000, so that nothing is lost.
    (weight.clamp(0.0, 1.0) * 1000.0).round() as u16
}

/// Whether contents of a type become smaller when they are compressed.
pub fn is_compressible(content_type: &HeaderValue) -> bool {
    let text = content_type.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || matches!(
            essence,
            "application/json"
                | "application/javascript"
                | "application/xml"
                | "application/wasm"
                | "application/vnd.ms-fontobject"
                | "font/ttf"
                | "font/otf"
                | "image/bmp"
                | "image/x-icon"
                | "image/vnd.microsoft.icon"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_choose() {
        use Encoding::{Brotli, Gzip};
        for (header, preferred, identity) in [
            (None, &[][..], true),
            (Some(""), &[], true),
            (Some("gzip, deflate, br, zstd"), &[Brotli, Gzip], true),
            (Some("gzip;q=1.0, br;q=0.5"), &[Gzip, Brotli], true),
            (Some("GZIP"), &[Gzip], true),
            (Some("x-gzip"), &[Gzip], true),
            (Some("br;q=0, gzip;q=0.0"), &[], true),
            (Some("identity"), &[], true),
            (Some("identity;q=1, gzip;q=0.5"), &[], true),
            (Some("*"), &[Brotli, Gzip], true),
            (Some("*;q=0"), &[], false),
            (Some("gzip, *;q=0"), &[Gzip], false),
            (Some("gzip;q=1, identity; q=0"), &[Gzip], false),
            (Some("identity;q=0"), &[], false),
            (Some("br;q=nonsense"), &[], true),
            (Some("br;q=2"), &[Brotli], true),
        ] {
            let value = header.map(HeaderValue::from_static);
            let accepted = Accepted::read(value.as_ref());
            assert_eq!(accepted.preferred().collect::<Vec<_>>(), preferred, "{header:?}");
            assert_eq!(accepted.allows(Encoding::Identity), identity, "{header:?}");
        }
    }

    #[test]
    fn texts_are_compressed_and_pictures_are_not() {
        for (content_type, expected) in [
            ("text/html; charset=utf-8", true),
            ("image/svg+xml; charset=utf-8", true),
            ("application/wasm", true),
            ("image/png", false),
            ("font/woff2", false),
            ("application/octet-stream", false),
        ] {
            assert_eq!(is_compressible(&HeaderValue::from_static(content_type)), expected, "{content_type}");
        }
    }
}
