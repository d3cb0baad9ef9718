//! The types that a file writes down: of variables, fields, parameters and what functions return.
//!
//! No inference: where nobody wrote a type, there is none.

use syn::spanned::Spanned;
use syn::{
    Expr, Fields, FnArg, GenericArgument, ImplItem, Item, PathArguments, ReturnType, Signature, TraitItem,
    Type, TypeParamBound, TypePath, TypeTraitObject,
};

use super::expression::{pattern, visible_local};
use super::file::Position;
use super::finder::Node;
use super::package::Package;

/// Looks names up in one package, first in the file where they are used.
#[derive(Clone, Copy)]
pub(super) struct Types<'ast> {
    pub(super) package: &'ast Package<'ast>,
}

/// Types whose first argument is what they hold or point to.
const POINTERS: &[&str] =
    &["Box", "Rc", "Arc", "Pin", "RefCell", "Mutex", "RwLock", "Cell", "Option", "Weak"];

/// Pointers and aliases between a type and its trait object. Aliases are found by their last names alone, so those of two
/// modules may seem to stand for each other.
const MOST_STEPS: usize = 16;

impl<'ast> Types<'ast> {
    /// The type of `expr`, which stands at the end of `path`, as somebody wrote it; references are looked through.
    pub(super) fn of_expr(self, path: &[Node<'ast>], expr: &'ast Expr) -> Option<&'ast Type> {
        match expr {
            Expr::Path(name) => {
                self.of_variable(path, &name.path.get_ident()?.to_string(), expr.span().start())
            }
            Expr::Field(field) => {
                let syn::Member::Named(name) = &field.member else { return None };
                self.field(self.of_expr(path, &field.base)?, &name.to_string())
            }
            Expr::Reference(inner) => self.of_expr(path, &inner.expr),
            Expr::Paren(inner) => self.of_expr(path, &inner.expr),
            Expr::Unary(inner) => self.of_expr(path, &inner.expr),
            Expr::Index(index) => element(self.of_expr(path, &index.expr)?),
            Expr::Cast(cast) => Some(&*cast.ty),
            Expr::Call(call) => {
                let Expr::Path(callee) = &*call.func else { return None };
                output(self.function(&callee.path)?)
            }
            Expr::MethodCall(call) => match call.method.to_string().as_str() {
                "as_ref" | "as_mut" | "borrow" | "borrow_mut" | "unwrap" | "expect" | "iter" | "iter_mut"
                | "lock" => self.of_expr(path, &call.receiver),
                method => output(self.method(self.of_expr(path, &call.receiver), method)?),
            },
            _ => None,
        }
    }

    fn of_variable(self, path: &[Node<'ast>], name: &str, at: Position) -> Option<&'ast Type> {
        if let Some(local) = visible_local(path, name, at) {
            return match pattern(&local.pat)? {
                (_, _, Some(declared)) => Some(declared),
                _ => self.of_expr(path, &local.init.as_ref()?.expr),
            };
        }
        path.iter().enumerate().rev().find_map(|(index, node)| match node {
            Node::Closure(closure) => closure.inputs.iter().find_map(|pat| typed(pat, name)),
            Node::Function(function) => parameter_named(function.sig, name),
            Node::Impl(block) if name == "self" => Some(&*block.self_ty),
            // `for item in item`: what is gone through is the variable outside of the loop.
            Node::Expr(Expr::ForLoop(each)) if pattern(&each.pat).is_some_and(|(own, ..)| own == name) => {
                element(self.of_expr(&path[..index], &each.expr)?)
            }
            _ => None,
        })
    }

    /// The type of field `name` of the struct that `ty` is, or points to.
    pub(super) fn field(self, ty: &Type, name: &str) -> Option<&'ast Type> {
        let wanted = struct_name(ty)?;
        self.package.items().find_map(|item| match item {
            Item::Struct(item) if item.ident == wanted => match &item.fields {
                Fields::Named(fields) => fields
                    .named
                    .iter()
                    .find(|field| field.ident.as_ref().is_some_and(|own| own == name))
                    .map(|field| &field.ty),
                _ => None,
            },
            _ => None,
        })
    }

    /// The field of the struct that is named in a literal.
    pub(super) fn field_of(self, path: &syn::Path, name: &str) -> Option<&'ast Type> {
        let ty = Type::Path(TypePath { attrs: Vec::new(), qself: None, path: path.clone() });
        self.field(&ty, name)
    }

    /// The signature of a function that is called by `path`: free by its name, associated by its type and name.
    pub(super) fn function(self, path: &syn::Path) -> Option<&'ast Signature> {
        let name = &path.segments.last()?.ident;
        let first = &path.segments.first()?.ident;
        if ["std", "core", "alloc"].iter().any(|foreign| first == foreign) {
            return None;
        }
        let owner = path.segments.iter().rev().nth(1).map(|segment| segment.ident.to_string());
        match owner {
            Some(owner) if owner.starts_with(char::is_uppercase) => {
                self.associated(&owner, &name.to_string())
            }
            _ => self.package.items().find_map(|item| match item {
                Item::Fn(item) if item.sig.ident == *name => Some(&item.sig),
                _ => None,
            }),
        }
    }

    /// The method `name` of `receiver`'s type; where that is not known, the only method of that name in the file.
    pub(super) fn method(self, receiver: Option<&Type>, name: &str) -> Option<&'ast Signature> {
        if let Some(owner) = receiver.and_then(struct_name) {
            return self.associated(&owner, name);
        }
        let mut found = self.package.own_items().flat_map(|item| -> Vec<&'ast Signature> {
            match item {
                Item::Impl(block) if block.trait_.is_none() => methods(block).collect(),
                Item::Trait(item) => declared(item).collect(),
                _ => Vec::new(),
            }
        });
        let only = found.find(|sig| sig.ident == name)?;
        found.all(|sig| sig.ident != name).then_some(only)
    }

    /// The function `name` in an `impl` of the type or the trait `owner`.
    fn associated(self, owner: &str, name: &str) -> Option<&'ast Signature> {
        self.package.items().find_map(|item| match item {
            Item::Impl(block) if struct_name(&block.self_ty).is_some_and(|own| own == owner) => {
                methods(block).find(|sig| sig.ident == name)
            }
            Item::Trait(item) if item.ident == owner => declared(item).find(|sig| sig.ident == name),
            _ => None,
        })
    }

    /// What a type alias stands for.
    pub(super) fn alias(self, ty: &Type) -> Option<&'ast Type> {
        let Type::Path(path) = ty else { return None };
        let name = &path.path.segments.last()?.ident;
        self.package.items().find_map(|item| match item {
            Item::Type(alias) if alias.ident == *name => Some(&*alias.ty),
            _ => None,
        })
    }

    /// The trait object that `ty` points to, and the pointer around it as written.
    pub(super) fn object(self, ty: &'ast Type) -> Option<(&'ast Type, &'ast TypeTraitObject)> {
        self.object_within(ty, MOST_STEPS)
    }

    fn object_within(self, ty: &'ast Type, steps: usize) -> Option<(&'ast Type, &'ast TypeTraitObject)> {
        let steps = steps.checked_sub(1)?;
        match ty {
            Type::Paren(inner) => self.object_within(&inner.elem, steps),
            Type::Reference(inner) => self.object_within(&inner.elem, steps).map(|(_, object)| (ty, object)),
            Type::TraitObject(object) => Some((ty, object)),
            Type::Path(path) => {
                let name = path.path.segments.last()?.ident.to_string();
                let inner = POINTERS.contains(&name.as_str()).then(|| argument(ty, 0)).flatten();
                self.object_within(inner.or_else(|| self.alias(ty))?, steps).map(|(_, object)| (ty, object))
            }
            _ => None,
        }
    }
}

fn methods(block: &syn::ItemImpl) -> impl Iterator<Item = &Signature> {
    block.items.iter().filter_map(|item| match item {
        ImplItem::Fn(method) => Some(&method.sig),
        _ => None,
    })
}

fn declared(item: &syn::ItemTrait) -> impl Iterator<Item = &Signature> {
    item.items.iter().filter_map(|item| match item {
        TraitItem::Fn(method) => Some(&method.sig),
        _ => None,
    })
}

fn typed<'ast>(pat: &'ast syn::Pat, name: &str) -> Option<&'ast Type> {
    pattern(pat).filter(|(own, ..)| own == name).and_then(|(_, _, ty)| ty)
}

fn parameter_named<'ast>(sig: &'ast Signature, name: &str) -> Option<&'ast Type> {
    sig.inputs.iter().find_map(|input| match input {
        FnArg::Typed(argument) if pattern(&argument.pat).is_some_and(|(own, ..)| own == name) => {
            Some(&*argument.ty)
        }
        _ => None,
    })
}

pub(super) fn output(sig: &Signature) -> Option<&Type> {
    match &sig.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(ty),
    }
}

/// The type of argument `index` of a call, the receiver not counted.
pub(super) fn parameter(sig: &Signature, index: usize) -> Option<&Type> {
    let mut typed = sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(argument) => Some(&*argument.ty),
        FnArg::Receiver(_) => None,
    });
    typed.nth(index)
}

/// Generic type argument `index` of a path type.
pub(super) fn argument(ty: &Type, index: usize) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.nth(index)
}

/// What a collection holds.
pub(super) fn element(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Reference(inner) => element(&inner.elem),
        Type::Slice(slice) => Some(&slice.elem),
        Type::Array(array) => Some(&array.elem),
        Type::Path(path) => {
            let inner = argument(ty, 0)?;
            let pointer =
                path.path.segments.last().is_some_and(|last| POINTERS.iter().any(|name| last.ident == name));
            if pointer { element(inner).or(Some(inner)) } else { Some(inner) }
        }
        _ => None,
    }
}

/// The struct's name behind references and pointers.
fn struct_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Reference(inner) => struct_name(&inner.elem),
        Type::TraitObject(object) => principal(object)?.segments.last().map(|last| last.ident.to_string()),
        Type::Path(path) => {
            let name = path.path.segments.last()?.ident.to_string();
            match argument(ty, 0) {
                Some(inner) if POINTERS.contains(&name.as_str()) => struct_name(inner),
                _ => Some(name),
            }
        }
        _ => None,
    }
}

/// The trait in `dyn Read + Send + 'static`.
pub(super) fn principal(object: &TypeTraitObject) -> Option<&syn::Path> {
    object.bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => Some(&bound.path),
        _ => None,
    })
}
