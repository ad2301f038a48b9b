//! What goes wrong at a gateway.

/// How a gateway fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does what was asked, and signs the answer with a key of nobody's.
    BadSignature,
    /// It does what was asked, and signs another answer than it gives.
    Tampered,
    /// It does what was asked, and does not sign the answer.
    Unsigned,
    /// It does nothing, and says so signed, in the form of errors that concern no method.
    Error,
    /// The same without a signature.
    UnsignedError,
    /// It does what was asked, and writes the answer's node twice. Only Alipay has nodes.
    Twice,
    /// It does what was asked, and never answers.
    Silence,
    /// It does what was asked, and hangs up.
    HangUp,
    /// It does nothing, and never answers.
    Lost,
    /// It does what was asked, and says that it is too busy to tell.
    Busy,
}

impl Fault {
    /// Whether what was asked is done all the same.
    pub(super) fn does(self) -> bool {
        !matches!(self, Self::Error | Self::UnsignedError | Self::Lost)
    }
}

/// The faults that are to come.
#[derive(Default)]
pub(super) struct Faults(Vec<(String, Fault, usize)>);

impl Faults {
    /// Adds some, for requests of a kind.
    pub fn add(&mut self, kind: &str, fault: Fault, times: usize) {
        self.0.push((kind.to_owned(), fault, times));
    }

    /// Takes all back.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of a request.
    pub fn take(&mut self, kind: &str) -> Option<Fault> {
        let (_, fault, times) = self.0.iter_mut().find(|(of, _, times)| of == kind && *times > 0)?;
        *times -= 1;
        Some(*fault)
    }
}
