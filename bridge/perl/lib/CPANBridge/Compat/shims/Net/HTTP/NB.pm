package Net::HTTP::NB;

use 5.014;
use strict;
use warnings;

use Errno ();

use parent 'Net::HTTP';

our $VERSION = '6.22';

# On a socket that does not block: what has been read of an answer's header is kept until all of it is there.
sub read_response_headers {
    my ( $self, @options ) = @_;
    while ( ${*$self}{http_buf} !~ /\012\015?\012/ ) {
        my $got = $self->_more;
        if ( !defined $got ) { return if $!{EAGAIN} || $!{EWOULDBLOCK} || $!{EINTR}; die "read failed: $!\n" }
        last if !$got;
    }
    return $self->SUPER::read_response_headers(@options);
}

sub can_read { return 0 }

# A chunk's length may not be there yet.
sub read_entity_body {
    my $self = shift;
    if ( ${*$self}{http_chunked} && !${*$self}{http_done} && !${*$self}{http_chunked}{left} ) {
        my $want = ${*$self}{http_chunked}{first} ? qr/\012/ : qr/\A\015?\012[^\012]*\012/;
        if ( ${*$self}{http_buf} !~ $want ) {
            my $got = $self->_more;
            return $got if !defined $got;
            if ( ${*$self}{http_buf} !~ $want && $got ) { $_[0] = ''; return -1 }
        }
    }
    return $self->SUPER::read_entity_body(@_);
}

1;

__END__

=head1 NAME

Net::HTTP::NB - a connection to a server of HTTP that does not wait

=head1 SYNOPSIS

    my $http = Net::HTTP::NB->new( Host => 'www.example.org', Blocking => 0 );

=head1 DESCRIPTION

Part of L<Net::HTTP>.

=cut
