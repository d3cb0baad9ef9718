//! As much of XML Schema as `tests/data/JUnit.xsd` uses: enough to say that a document follows it.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

/// What is wrong with a document, one line each.
pub(crate) fn errors(schema: &str, document: &str) -> Vec<String> {
    let schema = Document::parse(schema).expect("the schema is XML");
    let document = match Document::parse(document) {
        Ok(document) => document,
        Err(error) => return vec![format!("it is no XML: {error}")],
    };
    let root = document.root_element();
    let mut checker = Checker { schema: schema.root_element(), errors: Vec::new() };
    match checker.declared("element", root.tag_name().name()) {
        Some(declaration) => checker.element(declaration, root),
        None => checker.errors.push(format!("no root element `{}`", root.tag_name().name())),
    }
    checker.errors
}

struct Checker<'s> {
    schema: Node<'s, 's>,
    errors: Vec<String>,
}

/// What a complex type allows.
#[derive(Default)]
struct Content<'s> {
    particles: Vec<Node<'s, 's>>,
    attributes: BTreeMap<&'s str, Node<'s, 's>>,
}

fn children<'s>(node: Node<'s, 's>, name: &'static str) -> impl Iterator<Item = Node<'s, 's>> {
    node.children().filter(move |child| child.tag_name().name() == name)
}

fn child<'s>(node: Node<'s, 's>, name: &'static str) -> Option<Node<'s, 's>> {
    children(node, name).next()
}

impl<'s> Checker<'s> {
    /// A named declaration at the top of the schema.
    fn declared(&self, kind: &'static str, name: &str) -> Option<Node<'s, 's>> {
        children(self.schema, kind).find(|node| node.attribute("name") == Some(name))
    }

    fn element(&mut self, declaration: Node<'s, 's>, node: Node<'_, '_>) {
        let named = declaration.attribute("type").and_then(|name| self.declared("complexType", name));
        // Elements of simple types hold text, and any text is fine.
        let Some(complex) = named.or(child(declaration, "complexType")) else { return };
        let content = self.content(complex);
        self.attributes(&content, node);
        let mut inside: Vec<Node<'_, '_>> = node.children().filter(Node::is_element).collect();
        inside.reverse();
        for particle in &content.particles {
            self.particle(*particle, &mut inside, node);
        }
        for surplus in inside {
            self.error(surplus, "stands where the schema has nothing");
        }
    }

    fn content(&self, complex: Node<'s, 's>) -> Content<'s> {
        let mut content = Content::default();
        let wrapped = child(complex, "complexContent").or(child(complex, "simpleContent"));
        let extension = wrapped.and_then(|wrapped| child(wrapped, "extension"));
        if let Some(base) =
            extension.and_then(|extension| self.declared("complexType", extension.attribute("base")?))
        {
            content = self.content(base);
        }
        let body = extension.unwrap_or(complex);
        content.particles.extend(
            child(body, "sequence")
                .into_iter()
                .flat_map(|sequence| sequence.children())
                .filter(Node::is_element),
        );
        content.particles.extend(child(body, "choice"));
        for attribute in children(body, "attribute") {
            content.attributes.insert(attribute.attribute("name").expect("attributes have names"), attribute);
        }
        content
    }

    fn attributes(&mut self, content: &Content<'s>, node: Node<'_, '_>) {
        for (name, declaration) in &content.attributes {
            match node.attribute(*name) {
                Some(value) => {
                    if let Some(wrong) = self.wrong_value(*declaration, value) {
                        self.error(node, &format!("`{name}` is `{value}`: {wrong}"));
                    }
                }
                None if declaration.attribute("use") == Some("required") => {
                    self.error(node, &format!("`{name}` is missing"));
                }
                None => {}
            }
        }
        for attribute in
            node.attributes().filter(|attribute| !content.attributes.contains_key(attribute.name()))
        {
            self.error(node, &format!("`{}` is not declared", attribute.name()));
        }
    }

    fn wrong_value(&self, declaration: Node<'s, 's>, value: &str) -> Option<&'static str> {
        let simple = declaration.attribute("type").and_then(|name| self.declared("simpleType", name));
        if let Some(restriction) =
            simple.or(child(declaration, "simpleType")).and_then(|simple| child(simple, "restriction"))
        {
            if child(restriction, "minLength").is_some() && value.is_empty() {
                return Some("it is too short");
            }
            let timestamp = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}";
            let pattern = child(restriction, "pattern").and_then(|pattern| pattern.attribute("value"));
            assert!(pattern.is_none_or(|pattern| pattern == timestamp), "one pattern is known here");
            let shape: String = value.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            return (pattern.is_some() && shape != "0000-00-00T00:00:00").then_some("it is no time");
        }
        match declaration.attribute("type")? {
            "xs:int" => value.parse::<i32>().is_err().then_some("it is no number"),
            "xs:decimal" => value.parse::<f64>().is_err().then_some("it is no decimal number"),
            "xs:string" | "xs:token" => None,
            other => panic!("the type {other} is not known here"),
        }
    }

    /// `rest` is in reverse, so that what comes next is at its end.
    fn particle(&mut self, particle: Node<'s, 's>, rest: &mut Vec<Node<'_, '_>>, parent: Node<'_, '_>) {
        let options: Vec<Node<'s, 's>> = match particle.tag_name().name() {
            "element" => vec![particle],
            "choice" => children(particle, "element").collect(),
            other => panic!("{other} is not known here"),
        };
        let bound = |name: &str| match particle.attribute(name) {
            Some("unbounded") => usize::MAX,
            Some(number) => number.parse().expect("bounds are numbers"),
            None => 1,
        };
        let mut count = 0;
        while count < bound("maxOccurs") {
            let Some(next) = rest.last().copied() else { break };
            let fits = |option: &&Node<'s, 's>| option.attribute("name") == Some(next.tag_name().name());
            let Some(option) = options.iter().find(fits) else { break };
            self.element(*option, next);
            rest.pop();
            count += 1;
        }
        if count < bound("minOccurs") {
            self.error(parent, &format!("an element is missing: {:?}", particle.attribute("name")));
        }
    }

    fn error(&mut self, node: Node<'_, '_>, what: &str) {
        self.errors.push(format!("<{}>: {what}", node.tag_name().name()));
    }
}

#[test]
fn the_checker_can_fail() {
    let schema = include_str!("../data/JUnit.xsd");
    let suite = |attributes: &str, inside: &str| {
        format!(
            "<testsuites><testsuite package='p' id='0' name='n' timestamp='1970-01-01T00:00:00' hostname='h' tests='0' failures='0' errors='0' time='0' {attributes}>{inside}</testsuite></testsuites>"
        )
    };
    let whole = "<properties/><system-out/><system-err/>";
    assert_eq!(errors(schema, &suite("", whole)), [""; 0]);
    assert_eq!(errors(schema, &suite("disabled='0'", whole)).len(), 1);
    assert_eq!(errors(schema, &suite("skipped='many'", whole)).len(), 1);
    assert_eq!(errors(schema, &suite("", "<properties/><system-err/>")).len(), 1);
    assert_eq!(errors(schema, "<testsuites><testsuite/></testsuites>").len(), 12);
    let case = "<properties/><testcase name='a' classname='b' time='0'><failure message='x'/></testcase><system-out/><system-err/>";
    assert_eq!(errors(schema, &suite("", case)), ["<failure>: `type` is missing"]);
    assert_eq!(errors(schema, "<testsuites").len(), 1);
}
