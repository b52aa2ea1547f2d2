// What scripts add to the audit view: copying, sorting, and originals. Pages work without them.

import { addCopying } from "./copying.js";
import { addSorting } from "./sorting.js";
import { addOriginals } from "./originals.js";

addCopying(document);
addSorting(document);
addOriginals(document);
