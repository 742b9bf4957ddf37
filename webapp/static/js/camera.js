// What the camera of a phone reads goes into a box and is sent, as a hand scanner would send it.
import { watchCodes } from "./codes.js";
import { send } from "./scan_lines.js";

export function attach(root) {
  watchCodes(root, (text) => send(document.getElementById(root.dataset.camera), text));
}
