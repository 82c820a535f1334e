/** node pack.ts [DIR] makes DIR (build/ unless given), which `docker plugin create NAME DIR` takes. */
import { packPlugin } from "@davit/sdk/packing";

const { dir, sizeBytes } = await packPlugin({
  source: import.meta.dirname,
  target: process.argv[2],
});
console.log(`${dir}: rootfs ${(sizeBytes / 1e6).toFixed(1)} MB`);
