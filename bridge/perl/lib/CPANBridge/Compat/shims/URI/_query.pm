package URI::_query;

use 5.014;
use strict;
use warnings;

use URI         ();
use URI::Escape ();

our $VERSION = '5.17';

my $OPEN = URI::HAS_RESERVED_SQUARE_BRACKETS() ? '' : '\[\]';

sub query {
    my $self = shift;
    if ( !@_ ) { return $$self =~ /\A[^?#]*\?([^#]*)/ ? $1 : undef }
    $$self =~ /\A([^?#]*)(?:\?([^#]*))?(.*)\z/s or die;
    my ( $before, $old, $after ) = ( $1, $2, $3 );
    if (@_) {
        my ($new) = @_;
        $$self = $before . ( defined $new ? '?' . $self->_escape_part( $new, "#$OPEN" ) : '' ) . $after;
    }
    return $old;
}

# A key, value or word, with all that has a meaning in a query escaped.
sub _word {
    my ($text) = @_;
    $text = defined $text ? "$text" : '';
    $text =~ s/([;\/?:@&=+,\$\[\]%])/$URI::Escape::escapes{$1}/g;
    return $text;
}

sub query_form {
    my ( $self, @new ) = @_;
    my $old = $self->query;
    if (@new) {
        my $delimiter;
        if ( ref $new[0] ) {
            ( my $form, $delimiter ) = @new;
            @new = ref $form eq 'HASH' ? map { $_ => $form->{$_} } sort keys %$form : @$form;
        }
        elsif ( @new % 2 ) { $delimiter = pop @new }
        my @pairs;
        while (@new) {
            my ( $key, $values ) = splice @new, 0, 2;
            $key = _word($key);
            $key =~ s/ /+/g;
            for my $value ( ref $values eq 'ARRAY' ? @$values : $values ) {
                my $text = _word($value);
                $text =~ s/ /+/g;
                push @pairs, "$key=$text";
            }
        }
        if (@pairs) {
            $delimiter ||= $1 if defined $old && $old =~ /([&;])/;
            $delimiter ||= $URI::DEFAULT_QUERY_FORM_DELIMITER || '&';
            $self->query( join $delimiter, @pairs );
        }
        else { $self->query(undef) }
    }
    return if !defined $old || !length $old || !defined wantarray || $old !~ /=/;
    return map { s/\+/ /g; URI::Escape::uri_unescape($_) } map { /=/ ? split( /=/, $_, 2 ) : ( $_ => '' ) } split /[&;]/, $old;
}

sub query_keywords {
    my ( $self, @new ) = @_;
    my $old = $self->query;
    if (@new) {
        @new = @{ $new[0] } if ref $new[0] eq 'ARRAY';
        $self->query( @new ? join( '+', map { my $word = _word($_); $word =~ s/ /%20/g; $word } @new ) : undef );
    }
    return if !defined $old || !defined wantarray || $old =~ /=/;
    return map { URI::Escape::uri_unescape($_) } split /\+/, $old, -1;
}

sub query_param {
    my ( $self, @rest ) = @_;
    my @old = $self->query_form;
    if ( !@rest ) {
        my ( %seen, $is_value );
        my @keys = grep { !( $is_value++ % 2 ) && !$seen{$_}++ } @old;
        return @keys;
    }
    my ( $key, @new ) = @rest;
    my @places = grep { $_ % 2 == 0 && $old[$_] eq $key } 0 .. $#old;
    my @values = map { $old[ $_ + 1 ] } @places;
    if (@new) {
        @new = map { ref $_ eq 'ARRAY' ? @$_ : $_ } @new;
        my @form = @old;
        while ( @new && @places ) { $form[ 1 + shift @places ] = shift @new }
        if ( !@places && @new ) {
            my $after = @values ? 2 + ( grep { $_ % 2 == 0 && $old[$_] eq $key } 0 .. $#old )[-1] : @form;
            splice @form, $after, 0, map { $key => $_ } @new;
        }
        splice @form, $_, 2 for reverse @places;
        $self->query_form( \@form );
    }
    return wantarray ? @values : $values[0];
}

sub query_param_append {
    my ( $self, $key, @values ) = @_;
    $self->query_form( $self->query_form, $key => [ map { ref $_ eq 'ARRAY' ? @$_ : $_ } @values ] );
    return;
}

sub query_param_delete {
    my ( $self, $key ) = @_;
    my @old = $self->query_form;
    my ( @kept, @gone );
    while ( my ( $name, $value ) = splice @old, 0, 2 ) {
        if ( $name eq $key ) { push @gone, $value }
        else                 { push @kept, $name, $value }
    }
    $self->query_form( \@kept ) if @gone;
    return wantarray ? @gone : $gone[0];
}

sub query_form_hash {
    my $self = shift;
    my @old = $self->query_form;
    $self->query_form(@_) if @_;
    my %form;
    while ( my ( $name, $value ) = splice @old, 0, 2 ) {
        if    ( !exists $form{$name} ) { $form{$name} = $value }
        elsif ( ref $form{$name} )     { push @{ $form{$name} }, $value }
        else                           { $form{$name} = [ $form{$name}, $value ] }
    }
    return \%form;
}

1;

__END__

=head1 NAME

URI::_query - the query of an address

=head1 DESCRIPTION

Part of L<URI>.

=cut
