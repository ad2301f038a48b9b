//! Inputs that are nearly right.

use serde_json::Value;

/// What is written into inputs as it is.
const WORDS: &[&str] = &[
    "null",
    "true",
    "-1",
    "0",
    "1e308",
    "-0.0",
    "9223372036854775807",
    "\"\"",
    "\"a\"",
    "\"$a\"",
    "\"$$ROOT\"",
    "\"a.0.b\"",
    "\"\\u0000\"",
    "[]",
    "{}",
    "[[]]",
    "{\"$numberDecimal\":\"NaN\"}",
    "{\"$numberDouble\":\"Infinity\"}",
    "{\"$minKey\":1}",
    "{\"$date\":{\"$numberLong\":\"-9223372036854775808\"}}",
    "{\"$undefined\":true}",
    "{\"$regularExpression\":{\"pattern\":\"^a\",\"options\":\"\"}}",
    "{\"$oid\":\"0123456789abcdef01234567\"}",
    "\"2020-01-01T00:00:00.000Z\"",
];

/// Makes inputs from seeds.
pub struct Mutator {
    state: u64,
    seeds: Vec<Vec<u8>>,
    /// All values of all seeds, and the names of fields.
    values: Vec<Value>,
    names: Vec<String>,
}

impl Mutator {
    pub fn new(seed: u64, seeds: &[Vec<u8>]) -> Self {
        let mut mutator = Self { state: seed | 1, seeds: seeds.to_vec(), values: Vec::new(), names: Vec::new() };
        mutator.values.extend(WORDS.iter().map(|word| serde_json::from_str(word).unwrap()));
        let lines = seeds.iter().flat_map(|seed| seed.split(|byte| *byte == b'\n'));
        for value in lines.filter_map(|line| serde_json::from_slice(line).ok()) {
            gather(&value, &mut mutator.values, &mut mutator.names);
        }
        mutator
    }

    fn random(&mut self, below: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 11).unwrap() % below.max(1)
    }

    fn value(&mut self) -> Value {
        let at = self.random(self.values.len());
        self.values[at].clone()
    }

    fn name(&mut self) -> String {
        let at = self.random(self.names.len());
        self.names[at].clone()
    }

    /// The next input.
    pub fn input(&mut self) -> Vec<u8> {
        let seed = self.random(self.seeds.len());
        let mut input = self.seeds[seed].clone();
        for _ in 0..=self.random(4) {
            if self.random(4) == 0 { self.edit(&mut input) } else { self.exchange(&mut input) }
        }
        input
    }

    /// Changes bytes without a look at what they mean.
    fn edit(&mut self, input: &mut Vec<u8>) {
        if input.is_empty() {
            input.push(b'{');
        }
        let at = self.random(input.len());
        let end = (at + self.random(12)).min(input.len());
        match self.random(4) {
            0 => input[at] = u8::try_from(self.random(256)).unwrap(),
            1 => drop(input.drain(at..end)),
            2 => {
                let copy = input[at..end].to_vec();
                input.splice(at..at, copy);
            }
            _ => {
                let word = WORDS[self.random(WORDS.len())];
                input.splice(at..end, word.bytes());
            }
        }
    }

    /// Puts another value somewhere into one line, or gives a field another name.
    fn exchange(&mut self, input: &mut Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = input.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let line = if self.random(3) > 0 { 0 } else { self.random(lines.len()) };
        if let Ok(mut value) = serde_json::from_slice::<Value>(&lines[line]) {
            let mut places = Vec::new();
            gather(&value, &mut places, &mut Vec::new());
            let place = self.random(places.len());
            self.change(&mut value, &mut { place });
            lines[line] = serde_json::to_vec(&value).unwrap();
            *input = lines.join(&b'\n');
        }
    }

    /// Changes the value that is as many places away.
    fn change(&mut self, value: &mut Value, left: &mut usize) -> bool {
        if *left == 0 {
            let kind = self.random(6);
            match value {
                Value::Object(fields) if kind < 3 && !fields.is_empty() => {
                    let at = self.random(fields.len());
                    let name = fields.keys().nth(at).cloned().unwrap();
                    let inner = if kind == 0 { fields.get(&name).cloned() } else { fields.remove(&name) };
                    let new = self.name();
                    fields.insert(new, inner.unwrap());
                }
                Value::Array(items) if kind < 2 => {
                    let new = self.value();
                    items.insert(self.random(items.len() + 1), new);
                }
                _ if kind == 5 => *value = Value::Array(vec![value.take()]),
                other => *other = self.value(),
            }
            return true;
        }
        *left -= 1;
        match value {
            Value::Array(items) => items.iter_mut().any(|item| self.change(item, left)),
            Value::Object(fields) => fields.values_mut().any(|field| self.change(field, left)),
            _ => false,
        }
    }
}

fn gather(value: &Value, values: &mut Vec<Value>, names: &mut Vec<String>) {
    values.push(value.clone());
    match value {
        Value::Array(items) => items.iter().for_each(|item| gather(item, values, names)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| {
            names.push(name.clone());
            gather(field, values, names);
        }),
        _ => {}
    }
}
