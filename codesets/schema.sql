-- The code table: one edition of a classification, its notes, and the terms that lead to its codes.
-- Written once by codesets/build.py, afterwards only read, by agent/codebook.py.

CREATE TABLE edition (
    schema_version INTEGER NOT NULL,
    system TEXT NOT NULL,
    name TEXT NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    sha256 TEXT NOT NULL,          -- of everything the table was made from
    nodes INTEGER NOT NULL,        -- row counts of the tables below: a table that is cut short shows
    notes INTEGER NOT NULL,
    sevenths INTEGER NOT NULL,
    terms INTEGER NOT NULL,
    postings INTEGER NOT NULL
);

CREATE TABLE source (              -- what the table was made from, and what it gave
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    gave TEXT NOT NULL
);

CREATE TABLE node (                -- chapters, blocks, categories, subcategories and codes, in tabular order
    id INTEGER NOT NULL,           -- 0, 1, 2, ...
    code TEXT NOT NULL,            -- unique; a block of one category is written B20-B20
    kind TEXT NOT NULL,            -- chapter | block | category | subcategory | code
    parent INTEGER NOT NULL,       -- -1 for a chapter
    depth INTEGER NOT NULL,        -- 0 for a chapter
    title TEXT NOT NULL,           -- in full: with the meaning of the 7th character
    seventh TEXT NOT NULL          -- the 7th character that was added to the parent; '' for all other nodes
);

CREATE TABLE note (                -- instructional notes and inclusion terms, where they stand
    id INTEGER NOT NULL,
    node INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL
);

CREATE TABLE seventh (             -- what a 7th character means at a node and below it
    node INTEGER NOT NULL,
    letter TEXT NOT NULL,
    meaning TEXT NOT NULL
);

CREATE TABLE term (                -- phrases that lead to a code or header
    id INTEGER NOT NULL,           -- 0, 1, 2, ...
    text TEXT NOT NULL,
    bag TEXT NOT NULL,             -- its normalised content words, in order, each once
    node INTEGER NOT NULL,
    source TEXT NOT NULL,          -- title | inclusion | variant | lexicon | index | neoplasm | drug | eindex
    kind TEXT NOT NULL,            -- the lexicon's; '' elsewhere
    weight DOUBLE NOT NULL         -- what its words weigh together, by their rarity
);

CREATE TABLE posting (             -- the terms that hold a word; made from term.bag
    form TEXT NOT NULL,
    holders BLOB NOT NULL          -- their numbers as native 32-bit integers: read 10 times faster than a list
);

CREATE TABLE abbreviation (        -- readings of an abbreviation; searches try each
    short TEXT NOT NULL,           -- in lower case
    bag TEXT NOT NULL,             -- the normalised words of one expansion
    in_any_case BOOLEAN NOT NULL   -- false where it is a word too unless written in capitals ("all", "cap", "arm")
);
