//! The function that user code calls, and what its name tells of types.

use super::super::owner;
use crate::model::{Frame, FunctionName, Origin, Site, short_type};

/// The callee of a site, with the frames below it.
pub(super) struct Callee<'a> {
    /// What user code calls that is not user code on the way to it, and everything below.
    frames: &'a [Frame],
}

/// How many frames below the callee still belong to the same call: a conversion's own `From`, `FromIterator`.
const NEAR: usize = 6;

impl<'a> Callee<'a> {
    pub(super) fn new(site: &'a Site) -> Callee<'a> {
        let below = site.chain.iter().rposition(Frame::is_user).map_or(0, |user| user + 1);
        let below = site.chain.get(below..).unwrap_or_default();
        let on_the_way = below.iter().take_while(|frame| frame.origin == Origin::OnTheWay).count();
        Callee { frames: &below[on_the_way..] }
    }

    /// The type that is written into: `Vec`.
    pub(super) fn writer(&self) -> Option<String> {
        owner::writer(self.frames).map(|writer| owner::type_name(writer.ty).to_owned())
    }

    fn function(&self) -> Option<&FunctionName> {
        self.frames.first().map(|frame| &frame.function)
    }

    /// The last two segments: `Vec::push`, `[u8]::to_vec`, `fmt::format`.
    pub(super) fn short(&self) -> String {
        self.function().map(FunctionName::short).unwrap_or_default()
    }

    /// The whole path without generics.
    pub(super) fn path(&self) -> &str {
        self.function().map(FunctionName::as_str).unwrap_or_default()
    }

    /// `Vec` of `Vec::push`.
    pub(super) fn owner(&self) -> String {
        let short = self.short();
        short.rsplit_once("::").map_or(String::new(), |(owner, _)| owner.to_owned())
    }

    /// `push` of `Vec::push`.
    pub(super) fn method(&self) -> String {
        let short = self.short();
        short.rsplit("::").next().unwrap_or_default().to_owned()
    }

    /// As the report calls it when no rule does.
    pub(super) fn readable(&self) -> Option<String> {
        let short = self.short();
        (!short.is_empty()).then(|| short.replace("boxed::", "").replace("functions::", "thread::"))
    }

    /// The types whose `of` implementations run near the callee, outermost first, with their generic arguments.
    fn implementors(&self, of: &str) -> impl Iterator<Item = String> {
        self.frames.iter().take(NEAR).filter_map(move |frame| {
            let (ty, rest) = split_impl(frame.function.demangled())?;
            rest.contains(of).then(|| short_type(ty))
        })
    }

    /// The first of them.
    pub(super) fn implementor(&self, of: &str) -> Option<String> {
        self.implementors(of).next()
    }

    /// What an iterator is collected into, without generic arguments: `Vec`, `Result of Vec`.
    pub(super) fn collection(&self) -> Option<String> {
        let plain = |ty: String| ty.split('<').next().unwrap_or_default().to_owned();
        let mut all = self.implementors("collect::FromIterator<").map(plain);
        let outer = all.next()?;
        if !matches!(outer.as_str(), "Result" | "Option") {
            return Some(outer);
        }
        let inner = all.find(|ty| *ty != outer)?;
        Some(format!("{outer} of {inner}"))
    }

    /// The type that the drop glue near the callee drops: `Box<dyn Read>`. A closure is the guard's own: what it
    /// holds are the function's arguments.
    pub(super) fn dropped(&self) -> Option<String> {
        let types = self.frames.iter().take(NEAR).filter_map(|frame| {
            if !is_drop_glue(frame.function.as_str()) {
                return None;
            }
            let (_, arguments) = frame.function.demangled().split_once("::<")?;
            Some(short_type(arguments.strip_suffix('>')?))
        });
        types.into_iter().find(|ty| ty != "closure")
    }

    /// The first generic argument of the callee, or of the type it belongs to: of `Box<u64>::new`, `u64`.
    pub(super) fn element(&self) -> Option<String> {
        let name = self.function()?.demangled();
        let ty = split_impl(name)
            .map(|(ty, _)| ty)
            .or_else(|| name.strip_prefix('<').and_then(|rest| rest.rsplit_once(">::")).map(|(ty, _)| ty));
        let arguments = match ty {
            Some(ty) => ty.split_once('<')?.1.strip_suffix('>')?,
            None => name.split_once("::<")?.1.strip_suffix('>')?,
        };
        Some(short_type(first(arguments)))
    }
}

/// The compiler's own function that drops a value; called `drop_in_place` until Rust 1.96.
pub(super) fn is_drop_glue(function: &str) -> bool {
    matches!(function, "core::ptr::drop_in_place" | "core::ptr::drop_glue")
}

/// `T` and `Trait>::method` of `<T as Trait>::method`.
fn split_impl(name: &str) -> Option<(&str, &str)> {
    let rest = name.strip_prefix('<')?;
    let mut depth = 0;
    for (index, c) in rest.char_indices() {
        match c {
            '<' | '[' | '(' => depth += 1,
            '>' if !rest[..index].ends_with('-') => depth -= 1,
            ']' | ')' => depth -= 1,
            ' ' if depth == 0 && rest[index..].starts_with(" as ") => {
                return Some((&rest[..index], &rest[index + 4..]));
            }
            _ => {}
        }
        if depth < 0 {
            return None;
        }
    }
    None
}

/// The first of several generic arguments.
fn first(arguments: &str) -> &str {
    let mut depth = 0;
    for (index, c) in arguments.char_indices() {
        match c {
            '<' | '[' | '(' => depth += 1,
            '>' | ']' | ')' => depth -= 1,
            ',' if depth == 0 => return &arguments[..index],
            _ => {}
        }
    }
    arguments
}
