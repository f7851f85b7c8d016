"""Everything that talks: the graph, the chat model, the page and the command line."""
