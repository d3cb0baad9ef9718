//! The second places of a finding.

use super::Case;
use crate::model::{DynRole, Elements, Label, Syntax};

/// Where the `dyn` comes in, and what makes the size unknown.
pub(super) fn of(case: &Case<'_>) -> Vec<Label> {
    [object(case), len(case)].into_iter().flatten().collect()
}

fn object(case: &Case<'_>) -> Option<Label> {
    let object = case.object()?;
    let text = match &object.role {
        DynRole::Becomes { .. } => format!("on the heap because it becomes `{}` here", object.name),
        DynRole::Behind { implementation } => {
            format!("called through `{}`: `{implementation}` is what ran", object.name)
        }
    };
    Some(Label { span: object.at.clone(), text })
}

fn len(case: &Case<'_>) -> Option<Label> {
    match &case.expression()?.syntax {
        Syntax::Macro { elements: Elements::Repeat { len, .. }, .. } if !len.kind.is_constant() => {
            Some(Label { span: len.span.clone(), text: "its size is known only at run time".to_owned() })
        }
        _ => None,
    }
}
