// A read of one's own looked at again: the picture with its tools, and one's boxes as they were.

import { Lightbox } from "../viewer/lightbox.js";

new Lightbox(document.querySelector("main.adjudication")).begin({});
