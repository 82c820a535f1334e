"""Drives an engine with Debian's python3-docker, as programs written against Docker do.

Arguments: the registry's host:port, the directory of a plugin, the directory of its newer version. Prints OK at the end.
"""

import io
import sys
import tarfile
import time

import docker

registry, plugin_dir, newer_dir, rootfs = sys.argv[1:]
client = docker.from_env()
api = client.api
started = int(time.time())


def refused(error, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except error as problem:
        return str(problem)
    raise AssertionError(f"{call} was not refused")


def plugins():
    remote, newer = f"{registry}/py/v:1", f"{registry}/py/v:2"
    for name, directory in ((remote, plugin_dir), (newer, newer_dir)):
        assert api.create_plugin(name, directory) is True
        # The library's own push_plugin() asks for a path that no engine has, ending in /pull.
        pushed = api._post(api._url("/plugins/{0}/push", name), headers={"X-Registry-Auth": "e30="})
        assert pushed.status_code == 200 and '"error"' not in pushed.text, pushed.text
        client.plugins.get(name).remove()
    assert client.plugins.list() == []

    privileges = api.plugin_privileges(remote)
    assert [privilege["Name"] for privilege in privileges] == ["capabilities"], privileges

    plugin = client.plugins.install(remote, "py/v")
    assert (plugin.name, plugin.enabled) == ("py/v:latest", False), plugin.attrs
    assert plugin.id and plugin.short_id
    assert [found.id for found in client.plugins.list()] == [plugin.id]

    plugin.configure({"BEHAVIOUR": "slow:0"})
    assert "BEHAVIOUR=slow:0" in plugin.settings["Env"], plugin.settings
    plugin.configure({"BEHAVIOUR": "serve"})
    assert "not found" in refused(docker.errors.APIError, plugin.configure, {"NOPE": "1"})

    plugin.enable()
    plugin.reload()
    assert plugin.enabled
    refused(docker.errors.APIError, plugin.enable)
    plugin.disable()
    refused(docker.errors.APIError, plugin.disable)
    for line in plugin.upgrade(newer):
        assert "error" not in line, line
    assert plugin.attrs["PluginReference"] == newer, plugin.attrs
    assert plugin.attrs["Config"]["Description"] == "Newer"
    plugin.enable()
    refused(docker.errors.NotFound, client.plugins.get, "nosuch")
    return plugin


def images():
    with open(rootfs, "rb") as archive:
        assert "sha256:" in api.import_image_from_data(archive.read(), repository="busybox", tag="latest")
    image = client.images.get("busybox:latest")
    assert image.tags == ["busybox:latest"], image.tags
    assert image.attrs["Os"] == "linux"
    assert image.tag("py/tagged", "1")
    assert "py/tagged:1" in client.images.get("py/tagged:1").tags
    saved = b"".join(image.save(named=True))
    client.images.remove("py/tagged:1")
    assert len(image.history()) == 1
    client.images.remove("busybox:latest", force=True)
    refused(docker.errors.ImageNotFound, client.images.get, "busybox:latest")
    loaded = client.images.load(saved)
    assert [found.tags for found in loaded] == [["busybox:latest"]], loaded

    repository = f"{registry}/py/busybox"
    loaded[0].tag(repository, "1")
    assert '"error"' not in client.images.push(repository, tag="1")
    client.images.remove(f"{repository}:1")
    pulled = client.images.pull(repository, tag="1")
    assert f"{repository}:1" in pulled.tags, pulled.tags
    assert len(client.images.list(name=repository)) == 1
    client.images.remove(f"{repository}:1")


def volumes():
    volume = client.volumes.create("data", driver="py/v", driver_opts={"k": "v"}, labels={"tier": "py"})
    assert (volume.name, volume.attrs["Driver"]) == ("data", "py/v:latest"), volume.attrs
    assert volume.attrs["Labels"] == {"tier": "py"}
    plain = client.volumes.create()
    assert plain.attrs["Driver"] == "local"
    assert [found.name for found in client.volumes.list(filters={"driver": "py/v:latest"})] == ["data"]
    assert {found.name for found in client.volumes.list()} == {"data", plain.name}
    refused(docker.errors.NotFound, client.volumes.get, "nosuch")
    plain.remove()
    return volume


def containers(volume):
    mounts = {"data": {"bind": "/data", "mode": "rw"}}
    alone = {"network_mode": "none", "volumes": mounts}
    said = client.containers.run("busybox", ["sh", "-c", "echo hello | tee /data/file"], remove=True, **alone)
    assert said == b"hello\n", said
    problem = refused(
        docker.errors.ContainerError, client.containers.run, "busybox", ["sh", "-c", "exit 7"], remove=True, **alone
    )
    assert "7" in problem
    refused(docker.errors.ImageNotFound, client.containers.create, "nosuch:1", "true")

    container = client.containers.run("busybox", ["sh", "-c", "cat /data/file; exec sleep 600"], name="web", detach=True, **alone)
    assert container.status == "created"
    container.reload()
    assert container.status == "running" and container.name == "web"
    assert container.image.tags == ["busybox:latest"]
    [mount] = container.attrs["Mounts"]
    assert (mount["Name"], mount["Driver"], mount["Destination"]) == ("data", "py/v:latest", "/data"), mount
    assert next(container.logs(stream=True)) == b"hello\n"
    assert container.exec_run(["cat", "/data/file"]) == (0, b"hello\n")
    code, (out, error) = container.exec_run(["sh", "-c", "echo out; echo err >&2; exit 3"], demux=True)
    assert (code, out, error) == (3, b"out\n", b"err\n"), (code, out, error)
    assert "".join(part.decode() for part in container.exec_run(["echo", "streamed"], stream=True).output) == "streamed\n"
    assert container.top()["Processes"]
    assert container.stats(stream=False)["memory_stats"]["usage"] > 0

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("put")
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"put"))
    assert container.put_archive("/data", packed.getvalue())
    parts, stat = container.get_archive("/data/put")
    assert stat["name"] == "put" and stat["size"] == 3, stat
    with tarfile.open(fileobj=io.BytesIO(b"".join(parts))) as archive:
        assert archive.extractfile("put").read() == b"put"

    refused(docker.errors.APIError, volume.remove)
    assert [found.name for found in client.containers.list(filters={"volume": "data"})] == ["web"]
    container.rename("web2")
    container.pause()
    container.reload()
    assert container.status == "paused"
    container.unpause()
    container.kill()
    assert container.wait()["StatusCode"] == 137
    container.restart()
    container.stop(timeout=0)
    container.remove()
    refused(docker.errors.NotFound, client.containers.get, "web2")
    terminal = client.containers.run("busybox", ["tty"], tty=True, remove=True, network_mode="none")
    assert terminal.strip().startswith(b"/dev/"), terminal
    assert client.containers.list(all=True) == []


def events(plugin):
    until = int(time.time()) + 1
    seen = list(client.events(since=started, until=until, filters={"type": ["plugin", "volume", "container"]}, decode=True))
    actions = {(event["Type"], event["Action"]) for event in seen}
    wanted = {("plugin", "enable"), ("volume", "create"), ("volume", "mount"), ("container", "die"), ("container", "destroy")}
    assert wanted <= actions, wanted - actions
    enabled = client.events(since=started, until=until, filters={"event": "enable"}, decode=True)
    assert {event["Actor"]["ID"] for event in enabled} == {plugin.id}


def engine():
    assert client.ping() is True
    assert client.version()["ApiVersion"]
    information = client.info()
    assert information["OSType"] == "linux" and "local" in information["Plugins"]["Volume"]
    assert client.df()["Images"] is not None


engine()
images()
plugin = plugins()
volume = volumes()
containers(volume)
events(plugin)
refused(docker.errors.APIError, plugin.remove)
volume.remove()
plugin.disable()
plugin.remove()
assert client.plugins.list() == []
assert client.volumes.prune()["VolumesDeleted"] in (None, [])
print("OK")
