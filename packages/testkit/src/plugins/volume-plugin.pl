# A volume plugin in Perl's core language alone, because perl-base is on every Debian and starts in milliseconds:
# HTTP/1.1 with keep-alive on a UNIX socket, one process for each connection, all state in directories.
#
# BEHAVIOUR (environment): serve; exit, with a message and code 3; deaf, never listening; garbage, answering what is not
# HTTP; flood, answering 20 MB to all but the handshake; error, answering 500 to everything; late:SECONDS, listening only then; slow:SECONDS, answering only then.
# ROOT: the propagated mount. Each call is printed and kept, one per line, in ROOT/calls.log.
# Options of a volume: path=PATH is answered as its mountpoint; link=TARGET makes that path a link first; fail=METHOD makes that call fail; tmpfs=1 really mounts a tmpfs on it (needs CAP_SYS_ADMIN).
use strict;

my $socket = "/run/docker/plugins/p.sock";
my $root = $ENV{ROOT} || "/data";
my ($behaviour, $seconds) = split /:/, ($ENV{BEHAVIOUR} || "serve");

$| = 1;
select((select(STDERR), $| = 1)[0]);
$SIG{TERM} = $SIG{INT} = sub { exit 0 };
$SIG{CHLD} = "IGNORE";
$SIG{PIPE} = "IGNORE";

if ($behaviour eq "exit") { print STDERR "the plugin cannot start: no such thing\n"; exit 3 }
if ($behaviour eq "deaf") { sleep 1000 while 1 }
sleep $seconds if $behaviour eq "late";

sub make { my $dir = ""; for (split m{/}, $_[0]) { $dir .= "$_/"; mkdir $dir, 0755 } }
sub encode { my $name = shift; $name =~ s/([^A-Za-z0-9_.-])/sprintf "%%%02x", ord $1/ge; $name =~ s/^\./%2e/; $name }
sub decode { my $name = shift; $name =~ s/%([0-9a-f]{2})/chr hex $1/ge; $name }
sub quote { my $text = shift; $text =~ s/(["\\])/\\$1/g; $text =~ s/([\x00-\x1f])/sprintf "\\u%04x", ord $1/ge; qq("$text") }
sub unquote { my $text = shift; $text =~ s/\\u([0-9a-fA-F]{4})/chr hex $1/ge; $text =~ s/\\(.)/$1/g; $text }
sub field { my ($body, $key) = @_; $body =~ /"$key"\s*:\s*"((?:[^"\\]|\\.)*)"/ ? unquote($1) : "" }
sub entries { my $dir = shift; opendir my $handle, $dir or return (); return sort grep { !/^\.\.?$/ } readdir $handle }

sub options {
  my ($body) = @_;
  my ($text) = $body =~ /"Opts"\s*:\s*\{(.*?)\}/s;
  my %options;
  $options{unquote($1)} = unquote($2) while ($text || "") =~ /"((?:[^"\\]|\\.)*)"\s*:\s*"((?:[^"\\]|\\.)*)"/g;
  return %options;
}

# mount(2) and umount2(2) have different numbers on the two architectures.
my ($mount, $umount) = -e "/lib64/ld-linux-x86-64.so.2" ? (165, 166) : (40, 39);

sub answer {
  my ($method, $body) = @_;
  return '{"Implements":["VolumeDriver"]}' if $method eq "Plugin.Activate";
  return '{"Capabilities":{"Scope":"local"}}' if $method eq "VolumeDriver.Capabilities";
  my $name = field($body, "Name");
  my ($key, $id) = (encode($name), field($body, "ID"));
  my ($state, $dir) = ("$root/state/$key", "$root/volumes/$key");
  if ($method eq "VolumeDriver.List") {
    my @all = map { sprintf '{"Name":%s,"Mountpoint":%s}', quote(decode($_)), quote("$root/volumes/$_") } entries("$root/state");
    return sprintf '{"Volumes":[%s],"Err":""}', join ",", @all;
  }
  my ($verb) = $method =~ /^VolumeDriver\.(\w+)$/;
  my %options = options($body);
  if ($verb eq "Create") {
    return failure("told to fail in Create") if ($options{fail} || "") eq "Create";
    make("$state/options");
    make($dir);
    for (keys %options) { open my $file, ">", "$state/options/" . encode($_); print $file $options{$_} }
    return '{"Err":""}';
  }
  return failure("no volume $name") unless -d $state;
  return failure("told to fail in $verb") if option($state, "fail") eq $verb;
  if ($verb eq "Get") {
    return sprintf '{"Volume":{"Name":%s,"Mountpoint":%s,"CreatedAt":"2026-01-02T03:04:05Z","Status":{"mounts":%d}},"Err":""}',
      quote($name), quote($dir), scalar entries("$state/mounts");
  }
  if ($verb eq "Path") { return sprintf '{"Mountpoint":%s,"Err":""}', quote($dir) }
  if ($verb eq "Mount") {
    my $first = !entries("$state/mounts");
    if ($first && option($state, "tmpfs")) {
      my ($source, $type, $none) = ("tmpfs", "tmpfs", "");
      syscall($mount, $source, "$dir", $type, 0, $none) == 0 or return failure("mount: $!");
    }
    make("$state/mounts/$id");
    my ($path, $target) = (option($state, "path"), option($state, "link"));
    symlink $target, $path if $path && $target;
    return sprintf '{"Mountpoint":%s,"Err":""}', quote($path) if $path;
    return sprintf '{"Mountpoint":%s,"Err":""}', quote($dir);
  }
  if ($verb eq "Unmount") {
    rmdir "$state/mounts/$id";
    if (!entries("$state/mounts") && option($state, "tmpfs")) { syscall($umount, "$dir", 2) == 0 or return failure("umount: $!") }
    return '{"Err":""}';
  }
  if ($verb eq "Remove") { erase($dir); erase($state); return '{"Err":""}' }
  return undef;
}

sub failure { my $text = quote(shift); qq({"Err":$text}) }
sub option { my ($state, $key) = @_; open my $file, "<", "$state/options/$key" or return ""; my $value = <$file>; $value }
sub erase {
  my $path = shift;
  if (-d $path && !-l $path) { erase("$path/$_") for entries($path); rmdir $path } else { unlink $path }
}

sub serve {
  my $client = shift;
  my $buffer = "";
  while (1) {
    until ($buffer =~ /\r\n\r\n/) { sysread($client, $buffer, 65536, length $buffer) or return }
    my ($head, $rest) = split /\r\n\r\n/, $buffer, 2;
    my $length = $head =~ /^content-length:\s*(\d+)/im ? $1 : 0;
    while (length $rest < $length) { sysread($client, $rest, 65536, length $rest) or return }
    $buffer = substr $rest, $length;
    my $body = substr $rest, 0, $length;
    my ($method) = $head =~ m{^POST /(\S+)};
    my $call = "$method $body";
    $call =~ s/\s+$//;
    open my $log, ">>", "$root/calls.log";
    syswrite $log, "$call\n";
    close $log;
    print STDERR "$call\n";
    if ($behaviour eq "garbage") { syswrite $client, "SSH-2.0-this is not HTTP\r\n"; return }
    sleep $seconds if $behaviour eq "slow";
    my ($status, $text) = ("200 OK", answer($method || "", $body));
    ($status, $text) = ("404 Not Found", "no such method\n") unless defined $text;
    ($status, $text) = ("500 Internal Server Error", '{"Err":"told to fail"}') if $behaviour eq "error";
    $text = '{"Err":"' . "x" x 20_000_000 . '"}' if $behaviour eq "flood" && $method =~ /^VolumeDriver/;
    my $size = length $text;
    syswrite $client, "HTTP/1.1 $status\r\nContent-Type: application/vnd.docker.plugins.v1.1+json\r\nContent-Length: $size\r\n\r\n$text";
  }
}

make("$root/volumes");
make("$root/state");
unlink $socket;
# AF_UNIX and SOCK_STREAM are 1 on Linux; sockaddr_un is a 16-bit family and a path of 108 bytes.
socket(my $server, 1, 1, 0) or die "socket: $!\n";
bind($server, pack("S a108", 1, $socket)) or die "bind: $!\n";
listen($server, 64) or die "listen: $!\n";
print STDOUT "volume plugin is listening\n";
while (1) {
  accept(my $client, $server) or next;
  my $pid = fork;
  if (defined $pid && $pid == 0) { close $server; serve($client); exit 0 }
  close $client;
}
