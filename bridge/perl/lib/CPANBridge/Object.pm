package CPANBridge::Object;

use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use overload
  '""'     => sub { CPANBridge::Object::_of( $_[0] )->{repr} },
  'bool'   => sub { 1 },
  '=='     => \&_same,
  'eq'     => sub { ref $_[1] ? _same(@_) : "$_[0]" eq ( defined $_[1] ? $_[1] : '' ) },
  fallback => 1;

our $VERSION = '0.1.0';

# The connection that a request is being made for; an object of another one must not be sent.
our $CONNECTION;

# Why a request could not be made: an object in it is lost.
our $LOST;

$Carp::Internal{ (__PACKAGE__) }++;

# The data lies beside the objects, because every method name belongs to Python's object. Keyed by address; the entry
# goes in DESTROY, before the address can be used again.
my %DATA;

sub _new {
    my ( $class, $bridge, $connection, $handle ) = @_;
    my $self = bless \( my $id = $handle->{__object__} ), $class;
    $DATA{ 0 + Scalar::Util::refaddr($self) } = {
        bridge     => $bridge,
        connection => $connection,
        type       => $handle->{type},
        repr       => $handle->{repr},
    };
    return $self;
}

sub _of { return $DATA{ Scalar::Util::refaddr( $_[0] ) } || {} }

sub _same {
    my ( $one, $other ) = @_;
    return 0 if !ref $other || !Scalar::Util::blessed($other) || !$other->isa(__PACKAGE__);
    my ( $here, $there ) = map { _of($_)->{connection} } $one, $other;
    return $here && $there && $here == $there && $$one == $$other ? 1 : 0;
}

sub TO_JSON {
    my ($self) = @_;
    my $data = _of($self);
    if ( !$data->{connection} || !$CONNECTION || $data->{connection} != $CONNECTION ) {
        $LOST =
            'The Python object '
          . ( defined $data->{repr} ? $data->{repr} : '' )
          . ' is gone: it lived as long as the connection that made it, and that one has ended'
          . ' (the daemon was restarted, a call timed out, or this is another process or thread). Make it anew.';
        die "$LOST\n";
    }
    return { __object__ => 0 + $$self };
}

our $AUTOLOAD;

sub AUTOLOAD {
    my ( $self, @args ) = @_;
    ( my $name = $AUTOLOAD ) =~ s/.*:://;
    Carp::croak("$name is a method of a Python object, and was called on a class") if !ref $self;
    my %named = @args == 1 && ref $args[0] eq 'HASH' ? %{ shift @args } : ();
    return CPANBridge::Object::_member( $self, $name, \@args, \%named );
}

sub _member {
    my ( $self, $name, $args, $named ) = @_;
    my $bridge = _of($self)->{bridge} or Carp::croak('This Python object belongs to another process or thread');
    my %params = ( object => $self, name => $name );
    $params{args}   = $args  if @$args;
    $params{kwargs} = $named if %$named;
    return $bridge->_call( 'python', 'member', \%params );
}

# Python objects have whatever attributes they have; nobody knows without asking.
sub can {
    my ( $self, $name ) = @_;
    return UNIVERSAL::can( $self, $name );
}

sub CLONE_SKIP { return 1 }

sub DESTROY {
    my ($self) = @_;
    local ( $@, $!, $?, $^E );
    my $data = delete $DATA{ Scalar::Util::refaddr($self) } or return;
    return if defined ${^GLOBAL_PHASE} && ${^GLOBAL_PHASE} eq 'DESTRUCT';
    my $connection = $data->{connection};

    # Sent along with a later call: an end of life must never wait for anybody.
    push @{ $connection->{released} }, $$self if $connection && $connection->is_ours;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Object - an object that lives in Python

=head1 SYNOPSIS

    my $date = $bridge->call( 'datetime', 'date', 2026, 11, 23 );
    print "$date\n";                        # datetime.date(2026, 11, 23)
    print $date->year;                      # an attribute
    print $date->strftime('%d.%m.%Y');      # a method
    my $new = $date->replace( { year => 2027 } );

=head1 DESCRIPTION

What JSON cannot carry stays in the daemon, which knows it by a number. Any method that is called on the object is the
Python object's: a method is called with the arguments (a single plain hash holds named ones), an attribute is read.
Names with a leading underscore are refused.

As a string an object is what Python's C<repr> says of it. C<==> is true for two that are the same object in Python.
Objects can be passed as parameters, also inside of arrays and hashes.

The daemon lets go of the object some time after Perl has done so, and in any case when the connection ends; after that
its use is an C<ObjectLost> error. It belongs to the process and thread that made it.

=head1 METHODS

All names belong to Python but these:

=head2 can

Whether Perl itself knows such a method; Python is not asked.

=head2 TO_JSON

What is sent for it. Dies where the object is lost.

=head2 CLONE_SKIP

Tells Perl that a new thread gets no copy.

=cut
