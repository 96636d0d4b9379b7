//! Conditions. (Being written: this stands in so that the crate builds.)
use crate::facts::{Consent, Request};
use crate::plan::tables::{Attribute, Node};
use crate::plan::{Id, Plan};
use crate::profile::Profile;
use crate::time::Millis;
use crate::value::{Object, Value};
use std::borrow::Cow;
pub(crate) struct Evaluator<'a>(core::marker::PhantomData<&'a ()>);
impl<'a> Evaluator<'a> {
    pub(crate) fn new(_: &'a Plan, _: &'a Profile, _: &'a Request, _: Millis) -> Self {
        Self(core::marker::PhantomData)
    }
    pub(crate) fn holds(&mut self, _: Id<Node>) -> bool {
        false
    }
    pub(crate) fn attribute(&self, _: Id<Attribute>) -> Cow<'a, Value> {
        Cow::Owned(Value::Null)
    }
    pub(crate) fn consent(&self, _: &str) -> Consent {
        Consent::Pending
    }
    pub(crate) fn explain(&mut self, _: Id<Node>) -> Value {
        Value::Null
    }
}
pub(crate) fn filter(_: &Plan, _: Id<Node>, _: &Object) -> bool {
    false
}
