//! Types of fields: how each is read from JSON and written back.

use bert_diag::quoted;
use bert_json::Value;

use crate::Activation;
use crate::config::{PositionEmbedding, ProblemType};

/// Which values of a type are legal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Legal {
    /// Whole numbers from 1 to this.
    Count(u64),
    /// Whole numbers from 0 on.
    Id,
    /// Numbers above 0 and at most 0.01: what keeps a root away from 0, a million times below any trained variance.
    Epsilon,
    /// Numbers from 0 to 1.
    Probability,
    /// Everything the type can hold.
    Any,
}

/// A value was read; perhaps there is a remark to make.
pub(crate) struct Read<T> {
    pub(crate) value: T,
    /// The integer was written as a float.
    pub(crate) integral_float: bool,
}

/// Why a value cannot be used.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// Another JSON type was expected.
    Type(&'static str),
    /// The number is outside this range.
    Range(String),
    /// The word is none of these.
    Word { legal: String, activation: bool },
}

pub(crate) trait FieldType: Sized {
    fn read(value: &Value, legal: Legal) -> Result<Read<Self>, Wrong>;
    /// The value as JSON text.
    fn json(&self) -> String;
}

fn plain<T>(value: T) -> Result<Read<T>, Wrong> {
    Ok(Read { value, integral_float: false })
}

fn integer(value: &Value, legal: Legal) -> Result<Read<u64>, Wrong> {
    let digits = value.number().ok_or(Wrong::Type("a whole number"))?;
    let (min, max) = match legal {
        Legal::Count(max) => (1, max),
        _ => (0, u64::from(u32::MAX)),
    };
    let range = || Wrong::Range(format!("{min}..={max}"));
    let (number, integral_float) = match digits.parse::<u64>() {
        Ok(n) => (n, false),
        Err(_) => {
            let float: f64 = digits.parse().map_err(|_| Wrong::Type("a whole number"))?;
            if float.is_finite() && float.fract() != 0.0 {
                return Err(Wrong::Type("a whole number"));
            }
            // Beyond 2^53 a float cannot be told from its neighbours; every legal value is far below.
            if !(0.0..9.0e15).contains(&float) {
                return Err(range());
            }
            (float as u64, true)
        }
    };
    if (min..=max).contains(&number) { Ok(Read { value: number, integral_float }) } else { Err(range()) }
}

impl FieldType for usize {
    fn read(value: &Value, legal: Legal) -> Result<Read<Self>, Wrong> {
        let read = integer(value, legal)?;
        let value = usize::try_from(read.value).map_err(|_| Wrong::Range("what fits in memory".into()))?;
        Ok(Read { value, integral_float: read.integral_float })
    }

    fn json(&self) -> String {
        self.to_string()
    }
}

impl FieldType for Option<u32> {
    fn read(value: &Value, legal: Legal) -> Result<Read<Self>, Wrong> {
        if value.is_null() {
            return plain(None);
        }
        let read = integer(value, legal)?;
        Ok(Read { value: u32::try_from(read.value).ok(), integral_float: read.integral_float })
    }

    fn json(&self) -> String {
        self.map_or("null".into(), |v| v.to_string())
    }
}

impl FieldType for f64 {
    fn read(value: &Value, legal: Legal) -> Result<Read<Self>, Wrong> {
        let number: f64 = value.number().and_then(|d| d.parse().ok()).ok_or(Wrong::Type("a number"))?;
        let (ok, range) = match legal {
            Legal::Epsilon => (number > 0.0 && number <= 0.01, "above 0 and at most 0.01"),
            Legal::Probability => ((0.0..=1.0).contains(&number), "0..=1"),
            _ => (number.is_finite(), "a finite number"),
        };
        if ok { plain(number) } else { Err(Wrong::Range(range.into())) }
    }

    fn json(&self) -> String {
        if *self != 0.0 && (self.abs() < 1e-4 || self.abs() >= 1e16) {
            format!("{self:e}")
        } else {
            format!("{self:?}")
        }
    }
}

impl FieldType for Option<f64> {
    fn read(value: &Value, legal: Legal) -> Result<Read<Self>, Wrong> {
        if value.is_null() {
            return plain(None);
        }
        plain(Some(f64::read(value, legal)?.value))
    }

    fn json(&self) -> String {
        self.as_ref().map_or("null".into(), FieldType::json)
    }
}

impl FieldType for bool {
    fn read(value: &Value, _: Legal) -> Result<Read<Self>, Wrong> {
        plain(value.as_bool().ok_or(Wrong::Type("true or false"))?)
    }

    fn json(&self) -> String {
        self.to_string()
    }
}

pub(crate) fn json_string(s: &str) -> String {
    Value { kind: bert_json::ValueKind::String(s.to_string()), range: 0..0 }.canonical()
}

impl FieldType for Option<String> {
    fn read(value: &Value, _: Legal) -> Result<Read<Self>, Wrong> {
        if value.is_null() {
            return plain(None);
        }
        plain(Some(value.as_str().ok_or(Wrong::Type("a string or null"))?.to_string()))
    }

    fn json(&self) -> String {
        self.as_deref().map_or("null".into(), json_string)
    }
}

impl FieldType for Vec<String> {
    fn read(value: &Value, _: Legal) -> Result<Read<Self>, Wrong> {
        const TYPE: Wrong = Wrong::Type("a list of strings");
        if value.is_null() {
            return plain(Vec::new());
        }
        let elements = value.as_array().ok_or(TYPE)?;
        plain(elements.iter().map(|e| e.as_str().map(str::to_string).ok_or(TYPE)).collect::<Result<_, _>>()?)
    }

    fn json(&self) -> String {
        let quoted: Vec<_> = self.iter().map(|s| json_string(s)).collect();
        format!("[{}]", quoted.join(", "))
    }
}

impl FieldType for Activation {
    fn read(value: &Value, _: Legal) -> Result<Read<Self>, Wrong> {
        let name = value.as_str().ok_or(Wrong::Type("the name of an activation"))?;
        match Activation::from_name(name) {
            Some(activation) => plain(activation),
            None => Err(Wrong::Word { legal: Activation::names().collect::<Vec<_>>().join(", "), activation: true }),
        }
    }

    fn json(&self) -> String {
        json_string(self.name())
    }
}

fn word<T: Copy>(value: &Value, names: &[(&'static str, T)]) -> Result<Read<T>, Wrong> {
    let text = value.as_str().ok_or(Wrong::Type("a word"))?;
    match names.iter().find(|(name, _)| *name == text) {
        Some((_, found)) => plain(*found),
        None => {
            let legal = names.iter().map(|(name, _)| quoted(name)).collect::<Vec<_>>().join(", ");
            Err(Wrong::Word { legal, activation: false })
        }
    }
}

fn word_json<T: PartialEq>(value: &T, names: &[(&'static str, T)]) -> String {
    names.iter().find(|(_, v)| v == value).map_or("null".into(), |(name, _)| json_string(name))
}

impl FieldType for PositionEmbedding {
    fn read(value: &Value, _: Legal) -> Result<Read<Self>, Wrong> {
        word(value, PositionEmbedding::NAMES)
    }

    fn json(&self) -> String {
        word_json(self, PositionEmbedding::NAMES)
    }
}

impl FieldType for Option<ProblemType> {
    fn read(value: &Value, _: Legal) -> Result<Read<Self>, Wrong> {
        if value.is_null() {
            return plain(None);
        }
        plain(Some(word(value, ProblemType::NAMES)?.value))
    }

    fn json(&self) -> String {
        self.as_ref().map_or("null".into(), |p| word_json(p, ProblemType::NAMES))
    }
}
