//! An authority for the certificates of the benches.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};

use crate::Result;

pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A chain and its key, both PEM.
pub struct Issued {
    pub chain: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// The authority's own certificate.
    pub fn der(&self) -> &CertificateDer<'static> {
        self.0.der()
    }

    /// A certificate for a name, with an ECDSA key over P-256.
    pub fn issue(&self, name: &str) -> Result<Issued> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec![name.to_owned()])?.signed_by(&key, &self.0)?;
        Ok(Issued { chain: certificate.pem() + &self.0.pem(), key: key.serialize_pem() })
    }
}

impl Issued {
    /// The params of `core.certificates.put`.
    pub fn upload(&self, host: &str) -> Value {
        json!({"host": host, "name": "bench", "origin": "upload", "chain": self.chain, "key": self.key})
    }
}
