//! How evidence travels from a part to the whole: as JSON that only the same version of the tool reads.
//!
//! A noun says once which fields travel; both ways are made from that, and the compiler misses none.

use std::collections::BTreeMap;

use serde_json::Value;

/// Something that travels.
pub(super) trait Wire: Sized {
    /// As it is sent.
    fn send(&self) -> Value;

    /// As it was sent; `None` where another build of the tool has sent it.
    fn receive(value: Value) -> Option<Self>;
}

impl Wire for String {
    fn send(&self) -> Value {
        Value::String(self.clone())
    }

    fn receive(value: Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Wire for Box<str> {
    fn send(&self) -> Value {
        Value::from(&**self)
    }

    fn receive(value: Value) -> Option<Box<str>> {
        String::receive(value).map(String::into_boxed_str)
    }
}

impl Wire for bool {
    fn send(&self) -> Value {
        Value::Bool(*self)
    }

    fn receive(value: Value) -> Option<bool> {
        value.as_bool()
    }
}

impl Wire for u64 {
    fn send(&self) -> Value {
        Value::from(*self)
    }

    fn receive(value: Value) -> Option<u64> {
        value.as_u64()
    }
}

/// Bit by bit: decimal digits would have to be as many as it takes.
impl Wire for f64 {
    fn send(&self) -> Value {
        self.to_bits().send()
    }

    fn receive(value: Value) -> Option<f64> {
        u64::receive(value).map(f64::from_bits)
    }
}

macro_rules! narrow {
    ($($number:ident)*) => {$(
        impl Wire for $number {
            fn send(&self) -> Value {
                Value::from(*self)
            }

            fn receive(value: Value) -> Option<$number> {
                value.as_i64()?.try_into().ok()
            }
        }
    )*};
}

narrow! { i32 u32 usize }

impl<T: Wire> Wire for Option<T> {
    fn send(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::send)
    }

    fn receive(value: Value) -> Option<Option<T>> {
        match value {
            Value::Null => Some(None),
            value => T::receive(value).map(Some),
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn send(&self) -> Value {
        self.iter().map(T::send).collect()
    }

    fn receive(value: Value) -> Option<Vec<T>> {
        match value {
            Value::Array(list) => list.into_iter().map(T::receive).collect(),
            _ => None,
        }
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn send(&self) -> Value {
        Value::Array(vec![self.0.send(), self.1.send()])
    }

    fn receive(value: Value) -> Option<(A, B)> {
        match value {
            Value::Array(pair) => {
                let [a, b]: [Value; 2] = pair.try_into().ok()?;
                Some((A::receive(a)?, B::receive(b)?))
            }
            _ => None,
        }
    }
}

impl<K: Wire + Ord, V: Wire> Wire for BTreeMap<K, V> {
    fn send(&self) -> Value {
        self.iter().map(|(key, value)| Value::Array(vec![key.send(), value.send()])).collect()
    }

    fn receive(value: Value) -> Option<BTreeMap<K, V>> {
        Vec::<(K, V)>::receive(value).map(|pairs| pairs.into_iter().collect())
    }
}

/// `Struct { field, …; later = value }`: what stands behind the semicolon does not travel, and arrives as that value.
macro_rules! travels {
    ($($noun:ident { $($field:ident),* $(; $($later:ident = $value:expr),*)? })*) => {$(
        impl Wire for $noun {
            fn send(&self) -> Value {
                let $noun { $($field,)* $($($later: _),*)? } = self;
                let fields = [$((stringify!($field).to_owned(), $field.send())),*];
                Value::Object(fields.into_iter().collect())
            }

            fn receive(value: Value) -> Option<$noun> {
                let Value::Object(mut fields) = value else { return None };
                let noun = $noun {
                    $($field: Wire::receive(fields.remove(stringify!($field))?)?,)*
                    $($($later: $value),*)?
                };
                fields.is_empty().then_some(noun)
            }
        }
    )*};
}

/// `Enum { Variant, Variant { field } }`.
macro_rules! variants_travel {
    ($($noun:ident { $($variant:ident $({ $field:ident })?),* })*) => {$(
        impl Wire for $noun {
            fn send(&self) -> Value {
                match self {
                    $($noun::$variant $({ $field })? => {
                        let name = stringify!($variant).to_owned();
                        Value::Array(vec![Value::String(name) $(, $field.send())?])
                    })*
                }
            }

            fn receive(value: Value) -> Option<$noun> {
                let Value::Array(words) = value else { return None };
                let mut words = words.into_iter();
                let read = match words.next()?.as_str()? {
                    $(stringify!($variant) => {
                        $(let $field = Wire::receive(words.next()?)?;)?
                        $noun::$variant $({ $field })?
                    })*
                    _ => return None,
                };
                words.next().is_none().then_some(read)
            }
        }
    )*};
}

pub(super) use {travels, variants_travel};

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::Wire;

    #[derive(Debug, PartialEq)]
    struct Noun {
        number: u64,
        texts: Vec<String>,
        later: bool,
    }

    travels! { Noun { number, texts; later = true } }

    #[derive(Debug, PartialEq)]
    enum Word {
        Plain,
        With { number: i32 },
    }

    variants_travel! { Word { Plain, With { number } } }

    #[test]
    fn what_is_sent_arrives() {
        let noun = Noun { number: u64::MAX, texts: vec!["a".to_owned()], later: false };
        assert_eq!(Noun::receive(noun.send()), Some(Noun { later: true, ..noun }));
        for word in [Word::Plain, Word::With { number: -3 }] {
            assert_eq!(Word::receive(word.send()), Some(word));
        }
        let map = BTreeMap::from([(1u64, Some(0.1 + 0.2)), (2, None)]);
        assert_eq!(BTreeMap::receive(map.send()), Some(map));
    }

    #[test]
    fn what_another_build_has_sent_is_not_guessed_at() {
        assert_eq!(Noun::receive(json!({ "number": 1 })), None, "a field is missing");
        assert_eq!(Noun::receive(json!({ "number": 1, "texts": [], "more": 1 })), None, "one too many");
        assert_eq!(Noun::receive(json!({ "number": -1, "texts": [] })), None);
        assert_eq!(Word::receive(json!(["Other"])), None);
        assert_eq!(Word::receive(json!(["Plain", 1])), None);
        assert_eq!(u32::receive(json!(4_294_967_296_u64)), None);
    }
}
