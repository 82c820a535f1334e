import type { Platform } from "../../core/image/platform.ts";
import type { Archives } from "../../core/ports/archives.ts";
import type { Compression } from "../../core/ports/compression.ts";
import type { Registry } from "../../core/ports/registry.ts";
import { ImageImporter } from "./image-importer.ts";
import { ImageLoader } from "./image-loader.ts";
import { ImagePruner } from "./image-pruner.ts";
import { ImagePuller } from "./image-puller.ts";
import { ImagePusher } from "./image-pusher.ts";
import { ImageSaver } from "./image-saver.ts";
import { Images, type ImagesPorts } from "./images.ts";
import { RemoteImages } from "./remote-images.ts";

export interface ImageServicesPorts extends ImagesPorts {
  readonly registry: Registry;
  readonly archives: Archives;
  readonly compression: Compression;
  /** The engine's own. */
  readonly platform: Platform;
}

export interface ImageServices {
  readonly images: Images;
  readonly puller: ImagePuller;
  readonly importer: ImageImporter;
  readonly loader: ImageLoader;
  readonly saver: ImageSaver;
  readonly pusher: ImagePusher;
  readonly pruner: ImagePruner;
  readonly remote: RemoteImages;
}

/** The services for images, made of the ports. */
export function imageServices(ports: ImageServicesPorts): ImageServices {
  const images = new Images(ports);
  return {
    images,
    puller: new ImagePuller(ports, images),
    importer: new ImageImporter(ports, images),
    loader: new ImageLoader(ports, images),
    saver: new ImageSaver(ports, images),
    pusher: new ImagePusher(ports, images),
    pruner: new ImagePruner(ports, images),
    remote: new RemoteImages(ports),
  };
}
