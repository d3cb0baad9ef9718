//! What stands in the source at a place.

use super::Span;

/// The expression that a site points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// The whole expression; of no length where only its start is known.
    pub span: Span,
    /// `Box::new`, `vec!`; `None` where nothing has a name for it.
    pub construct: Option<String>,
    /// The trait whose object is responsible: `dyn Read`.
    pub dyn_trait: Option<String>,
}
