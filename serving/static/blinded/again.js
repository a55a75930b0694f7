// A read of one's own looked at again: the pictures with their tools, and one's boxes as they were.

import { Beside } from "../viewer/beside.js";
import { Lightbox } from "../viewer/lightbox.js";

const page = document.querySelector("main.adjudication");
const box = new Lightbox(page);
const beside = new Beside(box, [...page.querySelectorAll(".vp.further")]);
const turn = () => beside.turn();
box.tools.on({ prior: turn });
box.begin({ p: turn });
