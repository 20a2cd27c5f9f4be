//! The tensors of a safetensors file, to change them: a plain reader and writer of its own, independent of the one under
//! test.

use serde_json::{Value, json};

/// Names, types, shapes and bytes of a file.
pub struct Tensors {
    /// Name, element type, shape, data, in the order of the data.
    pub list: Vec<(String, String, Vec<usize>, Vec<u8>)>,
    /// `__metadata__`
    pub metadata: Value,
}

impl Tensors {
    /// Reads a sound file.
    pub fn parse(bytes: &[u8]) -> Tensors {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
        let data = &bytes[8 + length..];
        let mut list = Vec::new();
        let mut metadata = Value::Null;
        for (name, entry) in header.as_object().unwrap() {
            if name == "__metadata__" {
                metadata = entry.clone();
                continue;
            }
            let numbers = |key: &str| -> Vec<usize> {
                entry[key].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
            };
            let offsets = numbers("data_offsets");
            list.push((
                name.clone(),
                entry["dtype"].as_str().unwrap().to_string(),
                numbers("shape"),
                data[offsets[0]..offsets[1]].to_vec(),
            ));
        }
        Tensors { list, metadata }
    }

    /// Writes a sound file, whatever the tensors mean.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut header = serde_json::Map::new();
        if !self.metadata.is_null() {
            header.insert("__metadata__".into(), self.metadata.clone());
        }
        let mut data: Vec<u8> = Vec::new();
        for (name, dtype, shape, bytes) in &self.list {
            let start = data.len();
            data.extend(bytes);
            header.insert(name.clone(), json!({"dtype": dtype, "shape": shape, "data_offsets": [start, data.len()]}));
        }
        let text = Value::Object(header).to_string();
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.into_bytes());
        bytes.extend(data);
        bytes
    }

    fn at(&mut self, name: &str) -> &mut (String, String, Vec<usize>, Vec<u8>) {
        self.list.iter_mut().find(|t| t.0 == name).unwrap_or_else(|| panic!("no tensor {name}"))
    }

    /// Drops all tensors whose name contains a text; there must be one.
    pub fn drop_all(&mut self, part: &str) {
        let before = self.list.len();
        self.list.retain(|t| !t.0.contains(part));
        assert!(self.list.len() < before, "no tensor with {part} in its name");
    }

    /// Gives a tensor another name.
    pub fn rename(&mut self, from: &str, to: &str) {
        self.at(from).0 = to.to_string();
    }

    /// Adds an f32 tensor.
    pub fn add(&mut self, name: &str, shape: &[usize], value: f32) {
        let count = shape.iter().product::<usize>();
        self.list.push((name.into(), "F32".into(), shape.to_vec(), value.to_le_bytes().repeat(count)));
    }

    /// Gives a tensor another shape, filled with one value.
    pub fn reshape(&mut self, name: &str, shape: &[usize]) {
        let tensor = self.at(name);
        tensor.2 = shape.to_vec();
        tensor.3 = 0.1f32.to_le_bytes().repeat(shape.iter().product());
    }

    /// Changes the elements, of whatever type, of the tensor whose name ends so; whether there is one.
    pub fn elements(&mut self, ending: &str, change: impl FnOnce(&mut [Vec<u8>], &[usize])) -> bool {
        let Some(tensor) = self.list.iter_mut().find(|t| t.0.ends_with(ending)) else { return false };
        let size = tensor.3.len() / tensor.2.iter().product::<usize>();
        let mut elements: Vec<_> = tensor.3.chunks_exact(size).map(<[u8]>::to_vec).collect();
        change(&mut elements, &tensor.2);
        tensor.3 = elements.concat();
        true
    }

    /// Transposes an f32 matrix.
    pub fn transpose(&mut self, name: &str) {
        let values = self.values(name);
        let tensor = self.at(name);
        let (rows, columns) = (tensor.2[0], tensor.2[1]);
        tensor.3 = (0..rows * columns).flat_map(|i| values[(i % rows) * columns + i / rows].to_le_bytes()).collect();
        tensor.2 = vec![columns, rows];
    }

    /// An f32 tensor's values.
    pub fn values(&mut self, name: &str) -> Vec<f32> {
        self.at(name).3.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    }

    /// Sets an f32 tensor's values, one after the other, cycling.
    pub fn set(&mut self, name: &str, values: &[f32]) {
        let tensor = self.at(name);
        let count = tensor.3.len() / 4;
        tensor.3 = values.iter().cycle().take(count).flat_map(|v| v.to_le_bytes()).collect();
    }

    /// Says another element type of the same size for a tensor; its bytes stay.
    pub fn retype(&mut self, name: &str, dtype: &str) {
        self.at(name).1 = dtype.to_string();
    }

    /// Stores a tensor as bytes of an 8-bit type.
    pub fn shrink(&mut self, name: &str, dtype: &str) {
        let tensor = self.at(name);
        tensor.1 = dtype.to_string();
        tensor.3 = vec![1; tensor.3.len() / 4];
    }
}
