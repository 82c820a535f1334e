/** Wire constants of OCI and Docker artifacts. https://github.com/opencontainers/image-spec/blob/main/media-types.md */
export const mediaTypes = {
  pluginConfig: "application/vnd.docker.plugin.v1+json",
  legacyPluginConfig: "application/vnd.docker.plugin.v0+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerImageConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  dockerLayerZstd: "application/vnd.docker.image.rootfs.diff.tar.zstd",
  dockerForeignLayerGzip: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociImageConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
} as const;

const layerTypes: ReadonlySet<string> = new Set([
  mediaTypes.dockerLayer,
  mediaTypes.dockerLayerGzip,
  mediaTypes.dockerLayerZstd,
  mediaTypes.ociLayer,
  mediaTypes.ociLayerGzip,
  mediaTypes.ociLayerZstd,
]);

/** True for a layer that can be unpacked into a root file system. */
export const isLayerType = (mediaType: string): boolean => layerTypes.has(mediaType);

export const isIndexType = (mediaType: string): boolean =>
  mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerManifestList;
