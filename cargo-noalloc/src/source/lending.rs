//! Functions of a library that do what another of theirs does, in memory of the caller's: `process_with_scratch` beside
//! `process`, `encode_slice` beside `encode`.

use syn::spanned::Spanned;
use syn::{FnArg, ImplItem, Item, Signature, TraitItem, Type, Visibility};

use super::Sources;
use super::receiver::last_name;
use crate::model::Site;

/// Collections that a caller lends.
const LENT: &[&str] = &["BytesMut", "String", "Vec", "VecDeque"];

/// More names are no help.
const MOST: usize = 2;

/// Those beside the function of a library that `site` calls, where that function itself takes the memory.
pub(super) fn of(sources: &Sources, site: &Site) -> Vec<String> {
    // PERF: a proof has thousands of sites in libraries, and no advice is given for what never happened.
    let callee = site.callee().filter(|frame| site.count > 0 && frame.is_of_a_dependency());
    let Some(callee) = callee else { return Vec::new() };
    let name = callee.function.as_str();
    let below = site.chain.iter().skip_while(|frame| !std::ptr::eq(*frame, callee));
    // What it calls may have other reasons.
    let takes_it = below
        .filter(|frame| frame.is_of_a_dependency())
        .all(|frame| frame.function.as_str().starts_with(name));
    let Some(place) = callee.place.as_ref().filter(|_| takes_it) else { return Vec::new() };
    let Ok(file) = sources.file(&place.file) else { return Vec::new() };
    let Ok(tree) = &file.tree else { return Vec::new() };
    let mut found = Vec::new();
    beside(&tree.items, place.line as usize, &mut found);
    // `process_with_scratch`, and not what does something else beside: `process_outofplace_with_scratch`.
    let words = |name: &String| name.matches('_').count();
    let fewest = found.iter().map(words).min();
    found.retain(|name| Some(words(name)) == fewest);
    found.truncate(MOST);
    found
}

/// Looks for the function around `line`, and then among those that stand beside it.
fn beside(items: &[Item], line: usize, found: &mut Vec<String>) {
    for item in items {
        match item {
            Item::Mod(module) => {
                let items = module.content.as_ref().map_or(&[][..], |(_, items)| items);
                beside(items, line, found);
            }
            Item::Impl(block) => {
                let methods = block.items.iter().filter_map(|item| match item {
                    ImplItem::Fn(method) => {
                        let open = block.trait_.is_some() || matches!(method.vis, Visibility::Public(_));
                        Some((&method.sig, method.span(), open))
                    }
                    _ => None,
                });
                choose(&methods.collect::<Vec<_>>(), line, found);
            }
            Item::Trait(block) => {
                let methods = block.items.iter().filter_map(|item| match item {
                    TraitItem::Fn(method) => Some((&method.sig, method.span(), true)),
                    _ => None,
                });
                choose(&methods.collect::<Vec<_>>(), line, found);
            }
            _ => {}
        }
    }
    let free = items.iter().filter_map(|item| match item {
        Item::Fn(function) => {
            Some((&function.sig, function.span(), matches!(function.vis, Visibility::Public(_))))
        }
        _ => None,
    });
    choose(&free.collect::<Vec<_>>(), line, found);
}

type Function<'a> = (&'a Signature, proc_macro2::Span, bool);

fn choose(functions: &[Function<'_>], line: usize, found: &mut Vec<String>) {
    let around = |span: &proc_macro2::Span| (span.start().line..=span.end().line).contains(&line);
    let Some((called, ..)) = functions.iter().find(|(_, span, _)| around(span)) else { return };
    let longer = format!("{}_", called.ident);
    let lends = |sig: &Signature| sig.inputs.iter().filter(|input| is_lent(input)).count();
    let twins = functions.iter().filter(|(sig, _, open)| {
        *open && sig.ident.to_string().starts_with(&longer) && lends(sig) > lends(called)
    });
    found.extend(twins.map(|(sig, ..)| sig.ident.to_string()));
}

/// `&mut [T]`, `&mut Vec<T>`.
fn is_lent(input: &FnArg) -> bool {
    let FnArg::Typed(argument) = input else { return false };
    let Type::Reference(reference) = &*argument.ty else { return false };
    reference.mutability.is_some()
        && match &*reference.elem {
            Type::Slice(_) => true,
            ty => last_name(ty).is_some_and(|name| LENT.contains(&name.as_str())),
        }
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn what_lends_memory_beside_a_function_is_found() {
        let text = "
            pub trait Transform {
                fn process(&self, buffer: &mut [f32]) {
                    let mut scratch = vec![0.0; 5];
                }
                fn process_with_scratch(&self, buffer: &mut [f32], scratch: &mut [f32]);
                fn process_outofplace(&self, buffer: &[f32]);
            }
            mod engine {
                pub fn encode(input: &[u8]) -> String {
                    make()
                }
                pub fn encode_string(input: &[u8], out: &mut String) {}
                pub fn encode_slice(input: &[u8], out: &mut [u8]) {}
                fn encode_inner(input: &[u8], out: &mut [u8]) {}
                pub fn encoded_len(input: &[u8], out: &mut [u8]) {}
            }
            impl Encoder {
                pub fn encode(&mut self, input: &[u8]) -> Vec<u8> {
                    make()
                }
            }";
        let tree = syn::parse_file(text).expect("it is Rust");
        let at = |needle: &str| {
            let line = text[..text.find(needle).expect("it is there")].lines().count();
            let mut found = Vec::new();
            beside(&tree.items, line, &mut found);
            found
        };
        assert_eq!(at("let mut scratch"), ["process_with_scratch"]);
        assert_eq!(
            at("make()\n                }\n                pub fn encode_string"),
            ["encode_string", "encode_slice"]
        );
        assert_eq!(at("make()\n                }\n            }"), [""; 0]);
    }
}
