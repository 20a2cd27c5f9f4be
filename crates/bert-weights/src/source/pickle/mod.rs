//! Pickle as plain data: a reader of an allow-list of opcodes and globals. Nothing is ever called; a "call" in the
//! stream becomes a node that names the function (format: CPython's `pickletools.py`, protocols 2 to 5).

mod allowed;
mod machine;

use std::ops::Range;

pub(crate) use machine::run;

/// A node of the graph that a pickle describes. Values are shared by number, so that no graph is larger than its stream.
#[derive(Debug)]
pub(crate) enum Node {
    None,
    Bool(bool),
    Int(i64),
    /// An integer beyond 64 bits, or a float: no part of a tensor's description.
    Number,
    Text(Range<usize>),
    Bytes,
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(Box<Global>),
    /// What the stream would have built: a function or class, and its arguments.
    Object(Box<Global>, Id),
    /// A persistent id, which torch uses for storages.
    Persistent(Id),
}

/// Number of a node.
pub(crate) type Id = u32;

/// A function or class by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Global {
    pub(crate) module: String,
    pub(crate) name: String,
}

impl Global {
    pub(crate) fn is(&self, module: &str, name: &str) -> bool {
        self.module == module && self.name == name
    }
}

impl std::fmt::Display for Global {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plain = |text: &str| text.chars().take(80).flat_map(char::escape_default).collect::<String>();
        write!(f, "{}.{}", plain(&self.module), plain(&self.name))
    }
}

/// Why a stream was not read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It names a function or class that is no part of a state dict.
    Refused(Global),
    /// It holds an instruction that no state dict needs.
    Instruction { at: usize, code: u8, name: &'static str },
    /// It is cut short or contradicts itself.
    Broken { at: usize, what: String },
}

/// The graph of one pickle.
#[derive(Debug)]
pub(crate) struct Graph<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) nodes: Vec<Node>,
    pub(crate) root: Id,
    /// Where the stream goes on after it.
    pub(crate) end: usize,
}

impl<'a> Graph<'a> {
    pub(crate) fn node(&self, id: Id) -> &Node {
        self.nodes.get(id as usize).unwrap_or(&Node::None)
    }

    pub(crate) fn text(&self, id: Id) -> Option<&'a str> {
        match self.node(id) {
            Node::Text(range) => std::str::from_utf8(self.bytes.get(range.clone())?).ok(),
            _ => None,
        }
    }

    pub(crate) fn int(&self, id: Id) -> Option<i64> {
        match self.node(id) {
            Node::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The elements of a tuple or list, also of a `torch.Size`.
    pub(crate) fn sequence(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Tuple(items) | Node::List(items) => Some(items),
            Node::Object(global, args) if global.is("torch", "Size") => match self.node(*args) {
                Node::Tuple(items) => match items.as_slice() {
                    [one] => match self.node(*one) {
                        Node::Tuple(items) | Node::List(items) => Some(items),
                        _ => None,
                    },
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }
}
