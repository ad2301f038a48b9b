//! The order to start plugins in: whoever is called before whoever calls.

use sdk_plugin::Manifest;

/// Indexes of `manifests`, so that a plugin comes after those whose methods it declares to call.
/// Plugins that call each other keep the order they have.
pub fn by_calls(manifests: &[&Manifest]) -> Vec<usize> {
    let mut order = Vec::with_capacity(manifests.len());
    let mut seen = vec![false; manifests.len()];
    for index in 0..manifests.len() {
        visit(index, manifests, &mut seen, &mut order);
    }
    order
}

fn visit(index: usize, manifests: &[&Manifest], seen: &mut [bool], order: &mut Vec<usize>) {
    let (Some(done), Some(manifest)) = (seen.get_mut(index), manifests.get(index)) else { return };
    if std::mem::replace(done, true) {
        return;
    }
    for (other, provider) in manifests.iter().enumerate() {
        if provider.methods.iter().any(|method| Manifest::covers(&manifest.calls, method)) {
            visit(other, manifests, seen, order);
        }
    }
    order.push(index);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(provides: &str, calls: &[&str]) -> Manifest {
        let calls = calls.iter().map(|call| (*call).to_owned()).collect();
        Manifest { methods: vec![provides.to_owned()], calls, ..Manifest::default() }
    }

    #[test]
    fn providers_come_first_and_circles_end() {
        let functions = plugin("function.invoke", &["db.*", "storage.*", "function.*"]);
        let (db, storage) = (plugin("db.execute", &[]), plugin("storage.get", &["db.execute"]));
        assert_eq!(by_calls(&[&functions, &storage, &db]), [2, 1, 0]);
        let (a, b) = (plugin("a", &["b"]), plugin("b", &["a"]));
        assert_eq!(by_calls(&[&a, &b]).len(), 2);
    }
}
