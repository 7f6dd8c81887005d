package CPANBridge::Compat::DBI::Wire;

use strict;
use warnings;

use CPANBridge;
use CPANBridge::Bytes;
use CPANBridge::Connection;

our $VERSION = '0.1.0';

# Handles to release with the next call are sent at this number, and before that with whatever comes.
my $RELEASE_AT = 20;

my $own;

# The connection that all handles of this process and thread share: CPANBridge::Compat::Link where it is there, else one
# of this class, whose answers are plain JSON.
sub get {
    return CPANBridge::Compat::Link->get if eval { local $SIG{__DIE__}; require CPANBridge::Compat::Link; 1 };
    die $@ if $@ !~ m{\ACan't locate CPANBridge/Compat/Link\.pm};
    undef $own if $own && ( $own->{pid} != $$ || $own->{thread} != $CPANBridge::Connection::THREAD );
    return $own if $own;
    my $bridge = CPANBridge->new( timeout => 300, retries => 20 );
    $bridge->call( 'test', 'ping' );
    return $own = bless { bridge => $bridge, released => [], pid => $$, thread => $CPANBridge::Connection::THREAD }, __PACKAGE__;
}

sub is_plain { return 1 }

sub token { return 0 + $_[0]{bridge}{connection} }

sub is_current {
    my ( $self, $token ) = @_;
    my $connection = $self->{bridge}{connection};
    return $connection && $connection == $token && $connection->is_ours && $connection->is_usable ? 1 : 0;
}

sub call {
    my ( $self, $module, $function, $arguments ) = @_;
    if ( @{ $self->{released} } >= $RELEASE_AT ) {
        my @handles = splice @{ $self->{released} };
        $self->{bridge}->call( $module, 'release', \@handles );
    }
    return $self->{bridge}->call( $module, $function, $arguments );
}

sub release { my ( $self, $module, $handle ) = @_; push @{ $self->{released} }, $handle; return }

sub callback { die "CPANBridge: subs that the database calls are not covered: the daemon cannot call back into a program\n" }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Wire - the connection to the daemon that database handles share

=head1 DESCRIPTION

Used by the replacements of L<DBI>'s drivers; programs have no need of it. C<get> returns
C<CPANBridge::Compat::Link>'s connection where that module is there, else an object of this class: it has the same
methods, but its answers are JSON, and it knows no callbacks.

=head1 METHODS

=head2 get

=head2 is_plain

=head2 token

=head2 is_current

=head2 call

=head2 release

=head2 callback

Are described with C<CPANBridge::Compat::Link>; C<is_plain> is only there for this class.

=cut
