"""What is said without a tool: help, thanks, questions back, and what cannot be done."""

HELP = """I find, group and describe the sounds of your library. For example:

- “add the sounds in /path/to/folder” listens to a folder; “update my library” looks at all known folders again
- attach a sound, or “more like number 2”, finds sounds like it; “like the part from 2 to 4 seconds” uses a part of it
- “find short metallic sounds without voices, under 3 seconds” searches by words
- “where does a dog bark in my recordings?” finds the moments, “when is thunder heard?” too
- “cluster these into 8 groups”, then “what is in cluster 3?”; “how sure are you about cluster 3?”
- “rename cluster 3 to soft kicks”, “merge 2 and 5”, “split 4”, “move sound 12 to cluster 6”, “undo” change the groups
- “show me the versions”, “what changed?”, “go back to clustering 2” keep track of them
- “show me a map” shows where all sounds lie; draw around some to ask about them
- “what is 412?”, “how long is the second one?” tell what is known of a sound
- “same but shorter”, “only music”, “more” go on from the last search
- “export cluster 3” or “save these as drums” copies sounds to a folder, after asking you
- “how many sounds do I have?” sums up the library"""

LARGER_MODEL = (
    "For free conversation connect a larger model: set `MISTRAL_API_KEY` or `EARSHOT_MODEL=provider:model` "
    "in the environment and start again."
)
CANNOT = (
    "I cannot do that. I can add folders of sounds, find sounds by words or by likeness, group them, say what is known "
    "of each, and copy them to a folder."
)
REFUSAL = f"{CANNOT} {LARGER_MODEL}"
CALM = "I am sorry that this is no help so far. Tell me which sounds you need, or say “help”."
UNCLEAR = (
    "I did not understand that. Try for example “find rain without thunder”, “cluster my sounds into 8 groups” or "
    "“more like number 2”. “help” lists what I can do."
)
GREETING = "Hello. Attach a sound to find others like it, say what you are looking for, or say “help”."
THANKS = "You are welcome."
FINE = "All right."
NO_TOOL = "That part of the program is not available here."

WHICH_TO_SUBTITLE = "Of which sound or video? Attach it, or name one that was found by its number."
WHICH_FOLDER = "Which folder? Give its path, for example “add the sounds in /home/me/samples”."
WHICH_SOUND = "Like which sound? Attach one, or name one that was found, for example “more like 412”."
ATTACH_IT = "Which sound? Attach it to your next message, and I find others like it."
WHICH_SOUND_DETAILS = "Which sound do you mean? Name it by its id, for example “what is 412?”."
WHAT_TO_FIND = "What shall I look for? Say it in words, for example “find rain without thunder”, or attach a sound."
WHICH_CLUSTER = "Which cluster? Say its number, for example “what is in cluster 3?”."
NO_GROUPS = (
    "No groups have been shown here yet. Say “cluster my sounds”, and the sounds decide how many there are, "
    "or “cluster my sounds into 8 groups”."
)
HOW_MANY_GROUPS = "Into how many groups? K-means needs a number; without it, “cluster my sounds” finds one by itself."
ATTACHED_IS_ONLY_COMPARED = (
    "An attached sound is only compared: “find sounds like this” shows what it is like. "
    "To measure it, add its folder to the library."
)
WHAT_TO_EXPORT = (
    "Nothing has been shown yet that I could copy. Search or cluster first, or name sounds: “export 412 and 57”. "
    "For sounds on the map, draw around some and press one of the buttons below it."
)
WHICH_OTHER = "Which other one? Say its number in the list, for example “number 2”, or its id."
NO_SUCH_NUMBER = "Into how many groups? It takes at least 1, for example “cluster my sounds into 8 groups”."
TOO_LARGE = "Nothing here has the number {}. Say a smaller one, for example “what is in cluster 3?”."
NOT_IN_TITLES = (
    "The titles and keywords of the groups shown do not say. “what is in cluster 3?” tells what one of them holds."
)
ATTACHED_PLAYS = "The sound that you attached plays by its button beside your message, or from where its file is."
NO_LONGER_LIST = "I list 50 sounds at most. Say more of what to look for, or set limits, for example “under 3 seconds”."
MORE_MAY_BE = "There are at least 50, which is the most that I list."
ENGLISH_ONLY = (
    "I did not understand that in your language, so I searched for your words as they are; English goes best."
)
PART_WITHOUT_WORDS = "I compared that part of the sound alone and left the words out: they do not go with a part."
FINDS_ITS_NUMBER = (
    "Grouping by density finds the number by itself. Say “cluster by density”, or a number without it: "
    "“cluster my sounds into 8 groups”."
)
WHICH_TO_RENAME = "Which group, and what shall it be called? For example “rename cluster 3 to soft kicks”."
WHICH_TITLE = "What shall cluster {} be called?"
WHICH_TO_MERGE = "Which groups shall I merge? Say their numbers, for example “merge 2 and 5”."
WHICH_TO_SPLIT = "Which group shall I split? Say its number, for example “split cluster 4 into 3”."
WHAT_TO_MOVE = "Which sounds, and to which group? For example “move sound 12 to cluster 6”."
NO_SELECTION = (
    "I know of no selection yet. Say “show me a map”, draw around some sounds on the map and press one of the buttons "
    "below it."
)
NAMES = (
    "The names of groups come from the tags and file names of their sounds. “rename cluster 3 to soft kicks” gives a "
    "better one, and it is kept. A larger chat model, where one is connected, names the groups that are made with it."
)
NO_SEARCH = "There is no search to go on from. Say what to look for first, for example “find rain”."
NOT_IN_LIST = "The list shown last has no such entry. Name the sound by its id, for example “what is 412?”."
A_FILE_IS_ATTACHED = (
    "I can compare with a sound of the library or one that you attach, not with a path. "
    "Attach the file, or add its folder first."
)
