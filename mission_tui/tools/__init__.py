"""The tools that agents call: an args model, an async function and a Markdown description beside it."""
