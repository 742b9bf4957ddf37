import { countScans } from "./scans.js";

export const attach = countScans;
