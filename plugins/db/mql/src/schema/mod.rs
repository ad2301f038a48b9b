use bson::{Bson, Document};
#[derive(Debug)]
pub(crate) struct Schema;
impl Schema {
    pub(crate) fn parse(_v: &Bson) -> crate::Result<Self> {
        Ok(Self)
    }
    pub(crate) fn accepts(&self, _d: &Document) -> bool {
        true
    }
}
