//! Rules to plan: schema, diagnostics, compilation.
