import { editRows } from "./rows.js";
import { countScans } from "./scans.js";

export function attach(field) {
  countScans(field);
  editRows(field);
}
