//! What stands at a place in a source file, and what it means for the heap.

use super::Span;

/// The expression at a place, with what surrounds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// The whole expression.
    pub span: Span,
    /// As it is written, line breaks and all.
    pub text: String,
    /// `false` where nothing starts at the column, and this is the smallest expression around it.
    pub exact: bool,
    /// How it is written.
    pub syntax: Syntax,
    /// Its value is what the function or closure around it returns.
    pub returned: bool,
    /// Its value is what an `if` or a `match` comes to, in one of several branches.
    pub branch: bool,
    /// What it is done to.
    pub receiver: Option<Receiver>,
    /// The closure that it is the result of.
    pub result_of: Option<Closure>,
    /// It is the key that a map's `entry` is asked for.
    pub key: bool,
    /// What it is copied to and goes: `out` of `out.push_str(&…)` and `out += &…`.
    pub appended_to: Option<String>,
    /// The call that it is made for, before it is known whether it is needed.
    pub eager: Option<Eager>,
    /// The statement around it.
    pub statement: Option<Span>,
    /// The function around it.
    pub function: Option<Function>,
    /// The local variable that it initialises.
    pub binding: Option<Binding>,
}

/// How an expression is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// `name!(…)`.
    Macro {
        /// Last segment of its path.
        name: String,
        /// What stands in it.
        elements: Elements,
    },
    /// `path(args)`.
    Call {
        /// The path without generic arguments: `Box::new`.
        path: String,
        /// Its arguments.
        args: Vec<Argument>,
    },
    /// `receiver.method(args)`.
    Method {
        /// As it is written.
        receiver: String,
        /// Its name.
        method: String,
        /// Its arguments.
        args: Vec<Argument>,
    },
    /// `left + right`, `left += right`.
    Operator {
        /// What stands at its left.
        left: String,
        /// `+`, `+=`.
        symbol: String,
    },
    /// `expression?`.
    Question,
    /// `place = value`.
    Assign,
    /// The end of a block, or of the statement whose temporaries go.
    ScopeEnd,
    /// Anything else.
    Other,
}

/// The arguments of a macro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elements {
    /// `[value; len]`.
    Repeat {
        /// As it is written.
        value: Argument,
        /// As it is written.
        len: Argument,
    },
    /// Separated by commas.
    List(Vec<Argument>),
    /// Not Rust expressions.
    Tokens,
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// As it is written.
    pub text: String,
    /// Where.
    pub span: Span,
    /// What kind of expression.
    pub kind: ArgumentKind,
}

/// Kinds of arguments that the advice tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// Literal numbers, characters or `bool`s, and what is computed from them: `64 * 1024`. The type is `Copy`.
    Literal,
    /// Something named or computed from what is named in capitals: a `const`, a `static`, a const parameter.
    Constant,
    /// A closure.
    Closure,
    /// An `async` block.
    Future,
    /// A variable, a field: a place that already has a home.
    Place,
    /// Anything else.
    Other,
}

impl ArgumentKind {
    /// Whether the value is known when the program is compiled.
    pub fn is_constant(self) -> bool {
        matches!(self, ArgumentKind::Literal | ArgumentKind::Constant)
    }
}

/// The receiver of a method, the left side of an operator, what `write!` writes into, what is lent to a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// As it is written.
    pub text: String,
    /// The last name of its type, where somebody wrote it: `Vec` of `out: &mut Vec<u8>` or `let mut out = Vec::new()`.
    pub ty: Option<String>,
    /// It is a variable that the function makes anew: `let mut out = String::new();`.
    pub made_here: bool,
}

/// A closure in a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    /// The method that it is passed to: `map`.
    pub passed_to: Option<String>,
    /// The name of its only parameter.
    pub parameter: Option<String>,
    /// The result is all that it is written as: `|n| result`.
    pub whole: bool,
}

/// A call whose argument is made before it is known whether it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eager {
    /// `ok_or`.
    pub method: String,
    /// Of the call.
    pub span: Span,
    /// The method that makes the argument only where it is needed: `ok_or_else`.
    pub lazy: String,
    /// The lazy call with its closure, where the closure's parameters are known.
    pub code: Option<String>,
}

/// A function in a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its own name.
    pub name: String,
    /// With the modules of the file and the type of the `impl` block: `fir::Filter::process`.
    pub path: String,
    /// Of the name.
    pub name_span: Span,
    /// Of its `#[no_heap…]`, or that of its `impl` block.
    pub attribute: Option<Span>,
    /// Of its closing brace.
    pub end: Span,
    /// Its return type as it is written.
    pub output: Option<String>,
}

/// A local variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Its name.
    pub name: String,
    /// Whether it is `mut`.
    pub mutable: bool,
    /// The type that is written at it.
    pub declared: Option<String>,
    /// From `let` to the end of the initialiser, without the semicolon.
    pub span: Span,
    /// The initialiser is this expression and nothing more.
    pub whole: bool,
    /// How the function uses it.
    pub uses: Uses,
}

/// How a function uses a local variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Methods called on it directly, each once, in alphabetical order.
    pub methods: Vec<String>,
    /// Borrowed through its target: `&*x`, `&mut *x`.
    pub reborrowed: bool,
    /// Indexed: `x[i]`, `&x[..]`.
    pub indexed: bool,
    /// Borrowed itself: `&x`.
    pub borrowed: bool,
    /// Borrowed itself and to be changed: `&mut x`.
    pub borrowed_mut: bool,
    /// Called: `x(…)`.
    pub called: bool,
    /// Anything else: moved, compared, named in a macro, captured by name.
    pub otherwise: bool,
}

/// What uses the heap, by the name a reader would call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Construct {
    /// `Box::new`, `vec!`, `clone of Vec`.
    pub name: String,
    /// What the advice depends on.
    pub kind: ConstructKind,
    /// The type of the elements or of the boxed value, where the compiler's name for the callee tells it.
    pub of: Option<String>,
}

/// Families of constructs that the same advice fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstructKind {
    /// One value alone on the heap: `Box`.
    Boxed,
    /// A counted value: `Rc`, `Arc`.
    Shared,
    /// All elements at once: `vec!`.
    Elements,
    /// An empty collection with room: `with_capacity`.
    Capacity,
    /// A collection that takes in more than it has room for.
    Growth,
    /// Text made from values: `format!`, `to_string`.
    Text,
    /// An owned copy of something: `clone`, `to_vec`, `String::from`.
    Copy,
    /// An iterator's items: `collect`.
    Collect,
    /// A stable sort's buffer.
    Sort,
    /// A new whole from parts: `concat`, `join`, `replace`, `+`.
    Joined,
    /// Capacity is given back: `shrink_to_fit`, `into_boxed_slice`.
    Shrink,
    /// An error that is boxed on the way out.
    Error,
    /// A reader or writer with a buffer of its own: `BufReader`.
    Buffered,
    /// A channel or a message in it.
    Channel,
    /// A new thread.
    Thread,
    /// Standard output's buffer.
    Print,
    /// A value goes.
    Drop,
    /// The code of another package, by name.
    Dependency(String),
    /// A function of C, by name.
    C,
    /// Known by name only.
    Other,
}

/// The trait object that is responsible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraitObject {
    /// `dyn Read`.
    pub name: String,
    /// Where `dyn` comes in.
    pub at: Span,
    /// What it has to do with the heap.
    pub role: DynRole,
}

/// What a trait object has to do with the heap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DynRole {
    /// The value is on the heap because it becomes the object.
    Becomes {
        /// The type around it as it is written: `Box<dyn Read>`.
        pointer: String,
    },
    /// The heap is used behind a call through the object.
    Behind {
        /// The method that ran: `<Square as Shape>::name`.
        implementation: String,
    },
}

/// What runs a value's initialiser on first use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lazy {
    /// `OnceLock`, `LazyLock`, `thread_local!`.
    pub name: String,
}

/// Everything the source says about one site.
#[derive(Clone, Debug)]
pub struct SiteSource {
    /// Where a reader would point; of no length where only its start is known, at line 0 where nothing is.
    pub span: Span,
    /// The expression, or why there is none to show.
    pub expression: Result<Expression, NoSource>,
    /// What it is; known from the chain even where the source is not.
    pub construct: Option<Construct>,
    /// The trait object behind it.
    pub object: Option<TraitObject>,
    /// It only runs to fill a lazy value.
    pub lazy: Option<Lazy>,
    /// Functions beside that of a library that does it, which take memory of the caller's instead: `process_with_scratch`.
    pub lending: Vec<String>,
}

impl SiteSource {
    /// Without what only the advice needs: a report shows where a site is, and not its syntax.
    pub(crate) fn without_syntax(self) -> SiteSource {
        SiteSource { expression: Err(NoSource::Nothing), ..self }
    }
}

/// Why there is no expression to show for a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoSource {
    /// The debug info names no place.
    NoPlace,
    /// The file cannot be read.
    Missing {
        /// Which.
        file: String,
    },
    /// The file is not Rust that this tool reads.
    Unparsed {
        /// Which.
        file: String,
        /// What the parser says.
        why: String,
    },
    /// The file is not opened, or nothing of it is shown.
    Refused {
        /// Which.
        file: String,
        /// As the end of "it is not shown: ".
        why: String,
    },
    /// The file is newer than the binary.
    Changed {
        /// Which.
        file: String,
    },
    /// The file has fewer lines.
    BeyondEnd {
        /// Which.
        file: String,
        /// The line that it does not have.
        line: u32,
    },
    /// No expression covers the place.
    Nothing,
    /// An attribute macro makes the code from what is written there.
    Attribute {
        /// Its name.
        name: String,
    },
    /// The place lies in the definition of a macro.
    Macro {
        /// Its name.
        name: String,
    },
}

impl std::fmt::Display for NoSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NoSource::NoPlace => f.write_str("the debug info names no line"),
            NoSource::Missing { file } => write!(f, "`{file}` cannot be read, so its source is not shown"),
            NoSource::Refused { file, why } => write!(f, "the source `{file}` is not shown: {why}"),
            NoSource::Unparsed { file, why } => write!(f, "`{file}` does not parse ({why})"),
            NoSource::Changed { file } => {
                write!(
                    f,
                    "`{file}` changed since the build, so its lines may have moved: run the check again"
                )
            }
            NoSource::BeyondEnd { file, line } => {
                write!(f, "`{file}` has no line {line}: it was generated, or changed since the build")
            }
            NoSource::Nothing => f.write_str("no expression stands there: the code was generated"),
            NoSource::Attribute { name } => write!(f, "the code comes from the macro `#[{name}]`"),
            NoSource::Macro { name } => write!(f, "the code comes from the macro `{name}!`"),
        }
    }
}
