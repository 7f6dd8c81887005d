package URI::data;

use 5.014;
use strict;
use warnings;

use parent 'URI';

our $VERSION = '5.17';

use MIME::Base64 ();
use URI::Escape  ();

my $TYPE = 'text/plain;charset=US-ASCII';

sub media_type {
    my ( $self, @new ) = @_;
    my $opaque = $self->opaque;
    $opaque =~ s/\A([^,]*),?// or die;
    my $old    = $1;
    my $base64 = $old =~ s/(;base64)\z//i ? $1 : '';
    if (@new) {
        my $type = defined $new[0] ? $new[0] : '';
        $type =~ s/([%,])/URI::Escape::escape_char($1)/ge;
        $self->opaque("$type$base64,$opaque");
    }
    return length $old ? URI::Escape::uri_unescape($old) : $TYPE;
}

sub data {
    my ( $self, @new ) = @_;
    my ( $type, $data ) = split /,/, $self->opaque, 2;
    $type = '' if !defined $type;
    my $base64 = $type =~ s/;base64\z//i;
    if (@new) {
        my $bytes = defined $new[0] ? $new[0] : '';
        my ( $plain, $coded ) = ( _plain_length($bytes), 7 + 4 * int( ( length($bytes) + 2 ) / 3 ) );
        if ( $plain <= $coded ) {
            $bytes =~ s/([^$URI::uric]|%)/URI::Escape::escape_char($1)/ge;
            $self->opaque("$type,$bytes");
        }
        else { $self->opaque( "$type;base64," . MIME::Base64::encode( $bytes, '' ) ) }
    }
    return '' if !defined $data;
    $data = URI::Escape::uri_unescape($data);
    return $base64 ? MIME::Base64::decode($data) : $data;
}

sub _plain_length {
    my ($bytes) = @_;
    my $escaped = () = $bytes =~ /[^$URI::uric]|%/g;
    return length($bytes) + 2 * $escaped;
}


1;

__END__

=head1 NAME

URI::data - addresses that hold what they are the address of

=head1 DESCRIPTION

Part of L<URI>.

=cut
