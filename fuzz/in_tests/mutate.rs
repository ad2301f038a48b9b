//! Inputs that are nearly right.

/// What is written into inputs as it is.
const WORDS: &[&str] = &[
    "cron:",
    " ",
    "*",
    "?",
    "/",
    "-",
    ",",
    "0",
    "7",
    "59",
    "60",
    "99999999999",
    "JAN",
    "SUN",
    "L",
    "..",
    "/http",
    "/trigger/",
    "//",
    "%2e",
    "%",
    "&",
    "=",
    "\r\n",
    "\n",
    "\n\n",
    "\0",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "null",
    "true",
    "-1",
    "1e999",
    "\"\\ud800\"",
    "\"mpserverlessComposedResponse\":true",
    "\"statusCode\":",
    "\"headers\":{",
    "\"body\":",
    "\"isBase64Encoded\":true",
    "index.js=1",
    "../",
    "\\",
    "PK\u{1}\u{2}",
    "PK\u{5}\u{6}",
    "\u{fffd}",
    "函",
];

/// Makes inputs from seeds.
pub struct Mutator {
    state: u64,
    seeds: Vec<Vec<u8>>,
}

impl Mutator {
    pub fn new(seed: u64, seeds: &[Vec<u8>]) -> Self {
        Self { state: seed | 1, seeds: seeds.to_vec() }
    }

    fn random(&mut self, below: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 11).unwrap() % below.max(1)
    }

    /// The next input.
    pub fn input(&mut self) -> Vec<u8> {
        let seed = self.random(self.seeds.len());
        let mut input = self.seeds[seed].clone();
        for _ in 0..=self.random(4) {
            self.edit(&mut input);
        }
        input
    }

    fn edit(&mut self, input: &mut Vec<u8>) {
        if input.is_empty() {
            input.push(b'*');
        }
        let at = self.random(input.len());
        let end = (at + self.random(12)).min(input.len());
        match self.random(6) {
            0 => input[at] = u8::try_from(self.random(256)).unwrap(),
            1 => drop(input.drain(at..end)),
            2 => {
                let copy = input[at..end].to_vec();
                input.splice(at..at, copy);
            }
            3 => {
                let other = self.random(self.seeds.len());
                let other = self.seeds[other].clone();
                let from = self.random(other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            4 => {
                let word = WORDS[self.random(WORDS.len())];
                input.splice(at..at, word.bytes());
            }
            _ => {
                let word = WORDS[self.random(WORDS.len())];
                input.splice(at..end, word.bytes());
            }
        }
    }
}
