//! The stack machine of pickle, building nodes and nothing else.

use std::collections::HashMap;
use std::ops::Range;

use super::allowed::is_allowed;
use super::{Global, Graph, Id, Node, Problem};

/// Most nodes of a graph: a BERT with its optimizer has about 50,000. 32 bytes each.
const MAX_NODES: usize = 1 << 19;
/// Most values put on the stack or into containers: bounds the memory that references to one node can take.
const MAX_PUSHES: usize = 1 << 22;
/// Longest name of a module or function.
const MAX_NAME: usize = 1024;

/// Reads the pickle that begins at a byte.
pub(crate) fn run(bytes: &[u8], at: usize) -> Result<Graph<'_>, Problem> {
    let mut machine =
        Machine { bytes, at, nodes: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: HashMap::new(), pushes: 0 };
    let root = machine.run()?;
    Ok(Graph { bytes, nodes: machine.nodes, root, end: machine.at })
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    pushes: usize,
}

impl Machine<'_> {
    fn run(&mut self) -> Result<Id, Problem> {
        loop {
            let start = self.at;
            let code = self.byte()?;
            if code == b'.' {
                return self.pop();
            }
            self.step(code, start)?;
        }
    }

    fn broken(&self, what: impl Into<String>) -> Problem {
        Problem::Broken { at: self.at, what: what.into() }
    }

    fn take(&mut self, count: usize) -> Result<Range<usize>, Problem> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let Some(end) = end else {
            let left = self.bytes.len().saturating_sub(self.at);
            return Err(self.broken(format!("{count} bytes are called for, {left} are left")));
        };
        let range = self.at..end;
        self.at = end;
        Ok(range)
    }

    fn byte(&mut self) -> Result<u8, Problem> {
        self.little(1).map(|n| n as u8)
    }

    /// An unsigned little-endian number of up to 8 bytes.
    fn little(&mut self, count: usize) -> Result<u64, Problem> {
        let range = self.take(count)?;
        let bytes = self.bytes.get(range).unwrap_or_default();
        Ok(bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
    }

    /// A length and that many bytes.
    fn counted(&mut self, width: usize) -> Result<Range<usize>, Problem> {
        let length = self.little(width)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.take(length)
    }

    fn line(&mut self) -> Result<String, Problem> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().take(MAX_NAME).position(|b| *b == b'\n');
        let Some(end) = end else { return Err(self.broken("a name has no end")) };
        let text = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
        self.at += end + 1;
        Ok(text)
    }

    fn count_push(&mut self) -> Result<(), Problem> {
        self.pushes += 1;
        if self.pushes > MAX_PUSHES { Err(self.broken("more values than any model has")) } else { Ok(()) }
    }

    fn push_id(&mut self, id: Id) -> Result<(), Problem> {
        self.count_push()?;
        self.stack.push(id);
        Ok(())
    }

    fn push(&mut self, node: Node) -> Result<(), Problem> {
        if self.nodes.len() >= MAX_NODES {
            return Err(self.broken("more objects than any model has"));
        }
        let id = self.nodes.len() as Id;
        self.nodes.push(node);
        self.push_id(id)
    }

    fn pop(&mut self) -> Result<Id, Problem> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(self.broken("the stack is empty"));
        }
        self.stack.pop().ok_or(Problem::Broken { at: self.at, what: "the stack is empty".into() })
    }

    fn top(&self) -> Result<Id, Problem> {
        self.stack.last().copied().ok_or_else(|| self.broken("the stack is empty"))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, Problem> {
        let Some(mark) = self.marks.pop().filter(|m| *m <= self.stack.len()) else {
            return Err(self.broken("there is no mark"));
        };
        Ok(self.stack.split_off(mark))
    }

    fn tuple(&mut self, count: usize) -> Result<(), Problem> {
        let mut items = (0..count).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
        items.reverse();
        self.push(Node::Tuple(items))
    }

    fn global(&mut self, module: String, name: String) -> Result<(), Problem> {
        let global = Global { module, name };
        if !is_allowed(&global) {
            return Err(Problem::Refused(global));
        }
        self.push(Node::Global(Box::new(global)))
    }

    fn stack_global(&mut self) -> Result<(), Problem> {
        let (name, module) = (self.pop()?, self.pop()?);
        let text = |id: Id| match self.nodes.get(id as usize) {
            Some(Node::Text(range)) if range.len() <= MAX_NAME => {
                Some(String::from_utf8_lossy(self.bytes.get(range.clone()).unwrap_or_default()).into_owned())
            }
            _ => None,
        };
        match (text(module), text(name)) {
            (Some(module), Some(name)) => self.global(module, name),
            _ => Err(self.broken("a global whose name is no text")),
        }
    }

    /// What would be a call: an object that names the function, or a dict where it is one.
    fn reduce(&mut self) -> Result<(), Problem> {
        let (args, function) = (self.pop()?, self.pop()?);
        let Some(Node::Global(global)) = self.nodes.get(function as usize) else {
            return Err(self.broken("a call of something that is no function"));
        };
        let global = global.clone();
        let dict = global.is("collections", "OrderedDict")
            || global.is("collections", "defaultdict")
            || (global.name == "dict" && global.module != "torch");
        if dict {
            let items = self.pairs(args);
            return self.push(Node::Dict(items));
        }
        self.push(Node::Object(global, args))
    }

    /// The pairs of `OrderedDict([[key, value], ...])`, as Python 2 wrote it.
    fn pairs(&self, args: Id) -> Vec<(Id, Id)> {
        let items = |id: Id| match self.nodes.get(id as usize) {
            Some(Node::Tuple(items) | Node::List(items)) => items.as_slice(),
            _ => &[],
        };
        let [only] = items(args) else { return Vec::new() };
        items(*only)
            .iter()
            .filter_map(|pair| match items(*pair) {
                [key, value] => Some((*key, *value)),
                _ => None,
            })
            .collect()
    }

    fn set_items(&mut self, items: &[Id]) -> Result<(), Problem> {
        for _ in items {
            self.count_push()?;
        }
        let target = self.top()? as usize;
        if let Some(Node::Dict(dict)) = self.nodes.get_mut(target) {
            dict.extend(items.chunks_exact(2).filter_map(|pair| match pair {
                [key, value] => Some((*key, *value)),
                _ => None,
            }));
        }
        Ok(()) // items of other objects are bookkeeping
    }

    fn append(&mut self, items: Vec<Id>) -> Result<(), Problem> {
        for _ in &items {
            self.count_push()?;
        }
        let target = self.top()? as usize;
        if let Some(Node::List(list)) = self.nodes.get_mut(target) {
            list.extend(items);
        }
        Ok(())
    }

    fn remember(&mut self, slot: u32) -> Result<(), Problem> {
        let id = self.top()?;
        self.count_push()?;
        self.memo.insert(slot, id);
        Ok(())
    }

    fn recall(&mut self, slot: u32) -> Result<(), Problem> {
        match self.memo.get(&slot) {
            Some(id) => self.push_id(*id),
            None => Err(self.broken(format!("entry {slot} of the memo was never written"))),
        }
    }

    /// A signed little-endian integer of this many bytes.
    fn long(&mut self, range: Range<usize>) -> Result<(), Problem> {
        let bytes = self.bytes.get(range).unwrap_or_default();
        let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
        let (low, high) = bytes.split_at(bytes.len().min(8));
        let fill = if negative { 0xff } else { 0 };
        if high.iter().any(|b| *b != fill)
            || (low.len() == 8 && (low.last().is_some_and(|b| b & 0x80 != 0) != negative))
        {
            return self.push(Node::Number);
        }
        let mut all = [fill; 8];
        all.iter_mut().zip(low).for_each(|(to, from)| *to = *from);
        self.push(Node::Int(i64::from_le_bytes(all)))
    }

    fn step(&mut self, code: u8, start: usize) -> Result<(), Problem> {
        match code {
            0x80 => {
                let protocol = self.byte()?;
                if !(2..=5).contains(&protocol) {
                    return Err(self.broken(format!("protocol {protocol} is not one of 2 to 5")));
                }
                Ok(())
            }
            0x95 => self.little(8).map(drop), // a frame: its length adds nothing
            b'(' => {
                self.count_push()?;
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => match self.marks.last() {
                Some(mark) if *mark == self.stack.len() => {
                    self.marks.pop();
                    Ok(())
                }
                _ => self.pop().map(drop),
            },
            b'1' => self.pop_to_mark().map(drop),
            b'2' => self.top().and_then(|id| self.push_id(id)),
            b'N' => self.push(Node::None),
            0x88 => self.push(Node::Bool(true)),
            0x89 => self.push(Node::Bool(false)),
            b'K' => self.little(1).and_then(|n| self.push(Node::Int(n as i64))),
            b'M' => self.little(2).and_then(|n| self.push(Node::Int(n as i64))),
            b'J' => self.little(4).and_then(|n| self.push(Node::Int(i64::from(n as u32 as i32)))),
            0x8a => self.counted(1).and_then(|range| self.long(range)),
            0x8b => self.counted(4).and_then(|range| self.long(range)),
            b'G' => self.take(8).and_then(|_| self.push(Node::Number)),
            b'X' => self.counted(4).and_then(|range| self.push(Node::Text(range))),
            0x8c => self.counted(1).and_then(|range| self.push(Node::Text(range))),
            0x8d => self.counted(8).and_then(|range| self.push(Node::Text(range))),
            // Python 2 wrote its strings so.
            b'T' => self.counted(4).and_then(|range| self.push(Node::Text(range))),
            b'U' => self.counted(1).and_then(|range| self.push(Node::Text(range))),
            b'B' => self.counted(4).and_then(|_| self.push(Node::Bytes)),
            b'C' => self.counted(1).and_then(|_| self.push(Node::Bytes)),
            0x8e | 0x96 => self.counted(8).and_then(|_| self.push(Node::Bytes)),
            b')' => self.push(Node::Tuple(Vec::new())),
            0x85 => self.tuple(1),
            0x86 => self.tuple(2),
            0x87 => self.tuple(3),
            b't' => self.pop_to_mark().and_then(|items| self.push(Node::Tuple(items))),
            b']' | 0x8f => self.push(Node::List(Vec::new())),
            b'l' | 0x91 => self.pop_to_mark().and_then(|items| self.push(Node::List(items))),
            b'}' => self.push(Node::Dict(Vec::new())),
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push(Node::Dict(Vec::new()))?;
                self.set_items(&items)
            }
            b'a' => self.pop().and_then(|item| self.append(vec![item])),
            b'e' | 0x90 => self.pop_to_mark().and_then(|items| self.append(items)),
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[key, value])
            }
            b'u' => self.pop_to_mark().and_then(|items| self.set_items(&items)),
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(module, name)
            }
            0x93 => self.stack_global(),
            b'R' | 0x81 => self.reduce(),
            0x92 => {
                // NEWOBJ_EX: class, arguments, keyword arguments
                self.pop()?;
                self.reduce()
            }
            b'b' => self.pop().map(drop), // the state of an object is bookkeeping
            b'q' => self.little(1).and_then(|slot| self.remember(slot as u32)),
            b'r' => self.little(4).and_then(|slot| self.remember(slot as u32)),
            0x94 => self.remember(self.memo.len() as u32),
            b'h' => self.little(1).and_then(|slot| self.recall(slot as u32)),
            b'j' => self.little(4).and_then(|slot| self.recall(slot as u32)),
            b'Q' => self.pop().and_then(|id| self.push(Node::Persistent(id))),
            other => Err(Problem::Instruction { at: start, code: other, name: name_of(other) }),
        }
    }
}

/// Names of instructions that are refused, as `pickletools` has them.
fn name_of(code: u8) -> &'static str {
    match code {
        b'i' => "INST",
        b'o' => "OBJ",
        0x82 => "EXT1",
        0x83 => "EXT2",
        0x84 => "EXT4",
        b'P' => "PERSID",
        0x97 => "NEXT_BUFFER",
        0x98 => "READONLY_BUFFER",
        b'I' => "INT",
        b'L' => "LONG",
        b'F' => "FLOAT",
        b'S' => "STRING",
        b'V' => "UNICODE",
        b'g' => "GET",
        b'p' => "PUT",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(bytes: &[u8]) -> Problem {
        run(bytes, 0).map(|g| g.end).unwrap_err()
    }

    #[test]
    fn dicts_lists_and_shared_values_become_nodes() {
        // {'a': [1, 2], 'b': the same list}
        let graph = run(b"\x80\x02}q\x00(X\x01\x00\x00\x00a]q\x01(K\x01K\x02eX\x01\x00\x00\x00bh\x01u.", 0).unwrap();
        let Node::Dict(items) = graph.node(graph.root) else { panic!("no dict") };
        assert_eq!(graph.text(items[0].0), Some("a"));
        assert_eq!(items[0].1, items[1].1);
        assert_eq!(
            graph.sequence(items[0].1).unwrap().iter().map(|i| graph.int(*i)).collect::<Vec<_>>(),
            [Some(1), Some(2)]
        );
    }

    #[test]
    fn functions_are_refused_by_name() {
        for (bytes, module, name) in [
            (&b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R."[..], "os", "system"),
            (b"\x80\x02cbuiltins\neval\n.", "builtins", "eval"),
            (b"\x80\x02cbuiltins\n__import__\n.", "builtins", "__import__"),
            (b"\x80\x02cbuiltins\ngetattr\n.", "builtins", "getattr"),
            (b"\x80\x04\x8c\x05posix\x8c\x06system\x93.", "posix", "system"),
            (b"\x80\x02ctorch._utils\n_rebuild_sparse_tensor\n.", "torch._utils", "_rebuild_sparse_tensor"),
        ] {
            assert_eq!(problem(bytes), Problem::Refused(Global { module: module.into(), name: name.into() }));
        }
    }

    #[test]
    fn instructions_that_no_state_dict_needs_are_refused_by_name() {
        for (bytes, wanted) in
            [(&b"\x80\x02\x82\x01."[..], "EXT1"), (b"\x80\x02(ios\nsystem\n.", "INST"), (b"\x80\x02Px\n.", "PERSID")]
        {
            assert!(matches!(problem(bytes), Problem::Instruction { name, .. } if name == wanted), "{wanted}");
        }
    }

    #[test]
    fn what_is_cut_or_claims_too_much_is_broken() {
        for bytes in [
            &b""[..],
            b"\x80",
            b"\x80\x07.",
            b"\x80\x02X\xff\xff\xff\x7fabc",
            b"\x80\x02\x8b\xff\xff\xff\x7f",
            b"\x80\x02h\x05.",
            b"\x80\x02e.",
            b"\x80\x02).)0",
            b"\x80\x02(0.",
            b"\x80\x02K\x01K\x02R.",
        ] {
            let result = run(bytes, 0);
            assert!(matches!(result, Err(Problem::Broken { .. })) || bytes == b"\x80\x02).)0", "{bytes:?}");
        }
    }

    #[test]
    fn bombs_of_references_and_nesting_stay_bounded() {
        let mut memo = b"\x80\x02]q\x00".to_vec();
        for _ in 0..MAX_PUSHES {
            memo.extend(b"h\x00a");
        }
        assert!(matches!(problem(&memo), Problem::Broken { .. }));
        let deep: Vec<u8> = b"\x80\x02".iter().copied().chain(std::iter::repeat_n(b']', MAX_NODES + 2)).collect();
        assert!(matches!(problem(&deep), Problem::Broken { .. }));
    }

    #[test]
    fn long_integers_are_exact_or_no_integers() {
        for (bytes, wanted) in [
            (&b"\x80\x02\x8a\x01\xff."[..], Some(-1)),
            (b"\x80\x02\x8a\x00.", Some(0)),
            (b"\x80\x02\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.", Some(i64::MAX)),
            (b"\x80\x02\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00.", None),
            (b"\x80\x02\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\xff.", Some(i64::MIN)),
        ] {
            let graph = run(bytes, 0).unwrap();
            assert_eq!(graph.int(graph.root), wanted, "{bytes:?}");
        }
    }
}
