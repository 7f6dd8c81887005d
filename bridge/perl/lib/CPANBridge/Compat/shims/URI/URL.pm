package URI::URL;

use 5.014;
use strict;
use warnings;

use Exporter 'import';
use URI::Escape ();

use parent 'URI::WithBase';

our $VERSION = '5.17';
our @EXPORT  = qw(url);

our $ABS_REMOTE_LEADING_DOTS;
our $ABS_ALLOW_RELATIVE_SCHEME;

my $strict;

sub new {
    my ( $class, @args ) = @_;
    my $self = $class->SUPER::new(@args);
    $self->[0] = $self->[0]->canonical;
    return $self;
}

sub url { return URI::URL->new(@_) }

sub strict {    ## no critic (ProhibitBuiltinHomonyms)
    my ( $class, @new ) = @_;
    my $old = $strict;
    $strict = $new[-1] if @new;
    return $old;
}

sub newlocal {
    my ( $class, $path ) = @_;
    require URI::file;
    return $class->new( defined $path ? URI::file->new_abs($path) : URI::file->cwd );
}

sub abs {    ## no critic (ProhibitBuiltinHomonyms)
    my ( $self, $base, $loose ) = @_;
    $loose = $ABS_ALLOW_RELATIVE_SCHEME if !defined $loose;
    local $URI::ABS_REMOTE_LEADING_DOTS     = $ABS_REMOTE_LEADING_DOTS || $URI::ABS_REMOTE_LEADING_DOTS;
    local $URI::ABS_ALLOW_RELATIVE_SCHEME = $loose;
    return $self->SUPER::abs($base);
}

sub frag     { my $self = shift; return $self->fragment(@_) }
sub keywords { my $self = shift; return $self->query_keywords(@_) }
sub netloc   { my $self = shift; return $self->authority(@_) }
sub equery   { my $self = shift; return $self->[0]->query(@_) }
sub path_components { my $self = shift; return $self->path_segments(@_) }
sub gtype    { my $self = shift; return $self->gopher_type(@_) }
sub article  { my $self = shift; return $self->message(@_) }

sub groupart { my $self = shift; return $self->_news_path(@_) }

sub address        { my $self = shift; return $self->to(@_) }
sub encoded822addr { my $self = shift; return $self->to(@_) }

sub full_path {
    my ($self) = @_;
    my $path = $self->[0]->path_query;
    return defined $path && length $path ? $path : '/';
}

sub _fail {
    require Carp;
    Carp::croak(@_);
}

sub epath {
    my $self = shift;
    my $path = $self->[0]->path(@_);
    $path =~ s/;.*//s if defined $path;
    return $path;
}

# Without the parameters, unescaped.
sub path {
    my ( $self, @new ) = @_;
    my $old = $self->epath(@new);
    $old = '/' if !defined $old || !length $old;
    _fail("Path components contain '/' (you must call epath)") if $old =~ /%2[fF]/ && !@new;
    return URI::Escape::uri_unescape($old);
}

sub eparams {
    my ( $self, @new ) = @_;
    my ( $path, $old ) = $self->[0]->path =~ m{\A(.*?)(?:;([^/]*))?\z}s;
    $self->[0]->path( $path . ( defined $new[0] ? ";$new[0]" : '' ) ) if @new;
    return $old;
}

sub params {
    my ( $self, @new ) = @_;
    my $old = $self->eparams(@new);
    return defined $old ? URI::Escape::uri_unescape($old) : undef;
}

sub query {
    my ( $self, @new ) = @_;
    my $old = $self->equery(@new);
    return undef if !defined $old;    ## no critic (ProhibitExplicitReturnUndef)
    _fail('The query is a form (you must call equery)') if !@new && $old =~ /%(?:26|2[bB]|3[dD])/;
    return URI::Escape::uri_unescape($old);
}

sub crack {
    my ($self) = @_;
    my $uri = $self->[0];
    my @server = map { $uri->can($_) ? scalar $uri->$_ : undef } qw(user password host port);
    my $path = $uri->path;
    $path =~ s/;.*//s;
    my $params = $uri->path =~ m{;([^/]*)\z} ? $1 : undef;
    return ( $uri->scheme, @server, $path, $params, $uri->can('query') ? scalar $uri->query : undef, scalar $uri->fragment );
}

sub print_on {
    my ( $self, $out ) = @_;
    $out = \*STDOUT if !defined $out;
    return print {$out} ref($self), " $self->[0]\n";
}

sub unix_path  { my ($self) = @_; return $self->[0]->file('unix') }
sub dos_path   { my ($self) = @_; return $self->[0]->file('dos') }
sub mac_path   { my ($self) = @_; return $self->[0]->file('mac') }
sub vms_path   { my ($self) = @_; return $self->[0]->file('vms') }
sub local_path { my ($self) = @_; return $self->[0]->file }
sub localpath  { my ($self) = @_; return $self->[0]->file }

1;

__END__

=head1 NAME

URI::URL - the older interface to addresses

=head1 SYNOPSIS

    use URI::URL;

    print url( '../other', 'http://www.example.org/list/' )->abs, "\n";

=head1 COVERED

All that its documentation names, over L<URI>; the path for VMS is that for Unix. Part of L<URI>.

=cut
