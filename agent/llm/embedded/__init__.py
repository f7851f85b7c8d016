"""The embedded chat model, which needs no key, no download and no network.

examples.toml, intents   what a sentence wants, by an example that is all but the same
said, learning, wants    what any other wants and is about, by two small models (wants.npz) over its tokens
lexicon.toml, lists      the words that all of this reads with; the only place that knows them
wording, spelling        the sentence as plain words, misspellings mended, names and paths set aside
grammars.toml, slots     what it names: sounds, groups, lengths, counts
content                  what it is about: words to search by, what to leave out
attachments, memory      what "this", "number 2" and "same but shorter" point back to
turn                     all of these, read from one conversation
planner                  the next step: tools to call, or something to say; with the steps in
searching, looking, exporting, plans, replies
phrasing, telling        answers from tool results; of one sound
caveats, quoting         what was not done as asked; strangers' names rendered inert
lenient                  what a sentence names that no pattern reads, each kind of wish in a file
model                    LangChain's interface around all that
"""

from agent.llm.embedded.model import EmbeddedChatModel

__all__ = ["EmbeddedChatModel"]
